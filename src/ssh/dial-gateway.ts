import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { withDeadline } from "./deadline.ts";
import type { DialContext } from "./dial.ts";
import { showAddress } from "./dial-direct.ts";
import { gatewayAbsent, gatewayBroken, gatewayRefused } from "./dial-failures.ts";

/** The gateway's answer is one short line. */
const LONGEST_ANSWER = 1024;

/**
 * A stream through the embedded provider's gateway. Its protocol: davit sends `HOST PORT\n`; the gateway answers `ok\n` or
 * `error CODE text\n`; after `ok` the bytes are the VM's.
 */
export async function dialGateway(path: string, host: string, port: number, context: DialContext): Promise<Socket> {
	const { deadlines, clock, signal, target } = context;
	const silent = () => gatewayBroken(target, path, `gave no answer within ${deadlines.dial / 1000} s`);
	return withDeadline({ ms: deadlines.dial, clock, signal, late: silent }, async (until) => {
		context.onStage("dial");
		const socket = connect({ path });
		// The two ends below read it by events; an error between them must not end the process.
		socket.on("error", () => {});
		try {
			await once(socket, "connect", { signal: until }).catch((error: unknown) => {
				until.throwIfAborted();
				throw gatewayAbsent(target, path, error);
			});
			context.onStage("gateway");
			socket.write(`${host} ${port}\n`);
			const answer = await readLine(socket, until);
			if (answer === "ok") return socket;
			const [, code, text] = /^error (\S+) ?(.*)$/.exec(answer ?? "") ?? [];
			if (code !== undefined) throw gatewayRefused(target, showAddress(host, port), code, text ?? "");
			throw gatewayBroken(
				target,
				path,
				answer ? `gave an unknown answer: ${answer}` : "closed the stream without an answer",
			);
		} catch (error) {
			socket.destroy();
			throw error;
		}
	});
}

/** The first line; what came behind it is put back. Undefined if the stream ended before a line did. */
async function readLine(socket: Socket, signal: AbortSignal): Promise<string | undefined> {
	let bytes = Buffer.alloc(0);
	for (;;) {
		const chunk = socket.read() as Buffer | null;
		if (chunk === null) {
			if (socket.readableEnded || socket.destroyed) return undefined;
			await readableOrEnd(socket, signal);
			continue;
		}
		bytes = Buffer.concat([bytes, chunk]);
		const end = bytes.indexOf(10);
		if (end < 0 && bytes.length < LONGEST_ANSWER) continue;
		if (end >= 0 && end + 1 < bytes.length) socket.unshift(bytes.subarray(end + 1));
		return bytes.toString("utf8", 0, end < 0 ? bytes.length : end);
	}
}

function readableOrEnd(socket: Socket, signal: AbortSignal): Promise<void> {
	return new Promise((resolve, reject) => {
		const names = ["readable", "end", "close"] as const;
		const settle = () => {
			for (const name of names) socket.off(name, settle);
			signal.removeEventListener("abort", settle);
			if (signal.aborted) reject(signal.reason);
			else resolve();
		};
		for (const name of names) socket.on(name, settle);
		signal.addEventListener("abort", settle);
	});
}

/**
 * The way into a deployment's network: accepts streams on a Unix socket (argument 1), reads one line `HOST PORT`,
 * dials inside, answers `ok` or `error CODE text`, and is a pipe from then on.
 */
import { chmodSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";

const LONGEST_LINE = 512;
const DIAL_MS = 10_000;

const socketPath = process.argv[2] ?? "gateway.sock";

function answerError(client: Socket, code: string, text: string): void {
	client.end(`error ${code} ${text.replaceAll("\n", " ")}\n`);
}

function dial(client: Socket, host: string, port: number): void {
	const target = connect({ host, port, allowHalfOpen: true });
	target.setNoDelay(true);
	target.setTimeout(DIAL_MS, () => target.destroy(Object.assign(new Error("no answer"), { code: "ETIMEDOUT" })));
	const refused = (error: Error & { code?: string }) => answerError(client, error.code ?? "EIO", error.message);
	target.once("error", refused);
	client.once("close", () => target.destroy());
	target.once("connect", () => {
		target.setTimeout(0);
		target.off("error", refused);
		target.on("error", () => client.destroy());
		client.on("error", () => target.destroy());
		// A reset on one side must not look like a finished stream on the other.
		target.on("close", (failed) => (failed ? client.destroy() : undefined));
		client.write("ok\n");
		client.pipe(target);
		target.pipe(client);
	});
}

function accept(client: Socket): void {
	let received = Buffer.alloc(0);
	client.on("error", () => client.destroy());
	const onData = (chunk: Buffer) => {
		received = Buffer.concat([received, chunk]);
		const end = received.indexOf("\n");
		if (end < 0 && received.length <= LONGEST_LINE) return;
		client.off("data", onData);
		client.pause();
		const [host, port, ...rest] = received.subarray(0, Math.max(end, 0)).toString("utf8").split(" ");
		if (host === undefined || host === "" || rest.length > 0 || !/^[1-9]\d{0,4}$/.test(port ?? "")) {
			answerError(client, "EINVAL", "expected: HOST PORT");
			return;
		}
		client.unshift(received.subarray(end + 1));
		dial(client, host, Number(port));
	};
	client.on("data", onData);
}

rmSync(socketPath, { force: true });
process.umask(0o177);
const server = createServer({ allowHalfOpen: true }, accept);
server.listen(socketPath, () => chmodSync(socketPath, 0o600));

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { Duplex } from "node:stream";
import { duration, withDeadline } from "./deadline.ts";
import type { DialContext } from "./dial.ts";
import { commandFailed } from "./dial-failures.ts";

/** Bytes of a command's standard error that are kept for a message. */
const KEPT = 4096;

/**
 * The stream of a ProxyCommand, run by /bin/sh as OpenSSH runs it. Resolves when the first byte came through; at once where the client
 * speaks first: then the command's failure is the stream's error.
 */
export async function dialCommand(command: string, host: string, port: number, context: DialContext): Promise<Duplex> {
	context.onStage("gateway");
	const { deadlines, clock, signal, target } = context;
	const line = expand(command, host, port);
	if (line === undefined)
		throw commandFailed(target, command, `can't be run with the host name ${JSON.stringify(host)}`, "");
	// A group of its own: Ctrl-C on the terminal must not cut the stream before davit has cleaned up, and all of a pipeline ends with it.
	const child = spawn("/bin/sh", ["-c", `exec ${line}`], { stdio: "pipe", detached: true });
	const said = tail(child);
	const stream = duplex(child, (what) => commandFailed(target, command, what, said()));
	if (context.speaksFirst === "client") return stream;
	const late = () => commandFailed(target, command, `brought no byte within ${duration(deadlines.dial)}`, said());
	try {
		await withDeadline({ ms: deadlines.dial, clock, signal, late }, (until) =>
			Promise.race([once(stream, "readable", { signal: until }), once(stream, "close", { signal: until })]),
		);
		if (stream.errored) throw stream.errored;
		return stream;
	} catch (error) {
		stream.destroy();
		throw error;
	}
}

/** `%h`, `%p` and `%%` as in ssh_config(5). Undefined for a host that the shell could take for something else. */
function expand(command: string, host: string, port: number): string | undefined {
	if (!/^[A-Za-z0-9_][A-Za-z0-9._:%-]*$/.test(host)) return undefined;
	const values: Readonly<Record<string, string>> = { "%h": host, "%p": String(port), "%%": "%" };
	return command.replaceAll(/%[hp%]/g, (token) => values[token] ?? token);
}

function duplex(child: ChildProcessWithoutNullStreams, failure: (what: string) => Error): Duplex {
	const stream = new Duplex({
		read: () => child.stdout.resume(),
		// A broken pipe is told by the command's end, with what it said.
		write: (chunk, _encoding, done) => child.stdin.write(chunk, () => done()),
		final: (done) => child.stdin.end(() => done()),
		destroy: (error, done) => {
			endGroup(child);
			done(error);
		},
	});
	// It may fail between two readers, and must not end the process then; each reader sees the error too.
	stream.on("error", () => {});
	child.stdin.on("error", () => {});
	child.stdout.on("data", (chunk: Buffer) => {
		if (!stream.push(chunk)) child.stdout.pause();
	});
	child.on("error", (error) => stream.destroy(failure(`can't be started: ${error.message}`)));
	child.on("close", (code, signal) => {
		if (code === 0) stream.push(null);
		else stream.destroy(failure(signal ? `was ended by ${signal}` : `ended with exit code ${code}`));
	});
	return stream;
}

function endGroup(child: ChildProcessWithoutNullStreams): void {
	if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
	try {
		process.kill(-child.pid, "SIGTERM");
	} catch {
		child.kill("SIGTERM");
	}
}

function tail(child: ChildProcessWithoutNullStreams): () => string {
	let text = "";
	child.stderr.on("data", (chunk: Buffer) => {
		text = (text + chunk.toString("utf8")).slice(-KEPT);
	});
	return () => text;
}

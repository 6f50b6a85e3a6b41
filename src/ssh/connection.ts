import { PassThrough, Readable } from "node:stream";
import type { Client } from "ssh2";
import type { Clock } from "../clock.ts";
import { SshError } from "./errors.ts";
import { describeExit, type ExecuteContext, type Execution, type Exit, execute } from "./execute.ts";
import { forward } from "./forward.ts";
import type { Peer } from "./handshake-failures.ts";
import { createLimiter, type Limiter } from "./limiter.ts";
import { createOutput } from "./output.ts";
import { endProcessScript } from "./remote-shell.ts";
import { commandFailed } from "./shell-failures.ts";
import type { RunOptions, RunResult, SshConnection } from "./ssh.ts";

export interface ConnectionOptions {
	readonly peer: Peer;
	readonly clock: Clock;
	/** Commands at once on one connection; sshd's MaxSessions is 10. */
	readonly maxSessions: number;
}

const DEFAULT_MAX_BYTES = 1024 * 1024;

/** The port's connection on a client that is logged in. */
export function createConnection(client: Client, options: ConnectionOptions): SshConnection {
	const sessions = createLimiter(options.maxSessions);
	// Two of sshd's ten sessions stay free for ending commands.
	const endings = createLimiter(2);
	let lost: Error | undefined;
	client.on("error", (error) => {
		lost ??= error;
	});
	const { peer, clock } = options;
	const within = (limiter: Limiter, script: string, execution: Execution) =>
		inSession(limiter, execution.signal, () => execute(context, script, execution));
	const context: ExecuteContext = {
		client,
		peer,
		clock,
		lost: () => lost,
		endRemote: (pid) => within(endings, endProcessScript(pid), { ...quiet, signal: new AbortController().signal }),
	};
	const start = async (script: string, execution: Execution) => {
		const { stdin } = execution;
		// It may fail while it waits for a session, and must not end the process then.
		if (stdin instanceof Readable) stdin.on("error", () => {});
		try {
			return await within(sessions, script, execution);
		} finally {
			if (stdin instanceof Readable) stdin.destroy();
		}
	};
	return {
		run: (script, run) => runScript(start, script, run),
		stream: (script, run) => streamScript(start, peer, script, run),
		forward: (host, port, { signal }) => forward(client, host, port, { peer, clock, signal }),
		close: () => client.end(),
	};
}

type Start = (script: string, execution: Execution) => Promise<Exit>;

const quiet = { readStdout: (stdout: Readable) => stdout.resume(), onStderr: () => {} };

async function runScript(start: Start, script: string, options: RunOptions): Promise<RunResult> {
	const { onLine, maxBytes = DEFAULT_MAX_BYTES, ...rest } = options;
	const stdout = createOutput(maxBytes, onLine && ((line) => onLine("stdout", line)));
	const stderr = createOutput(maxBytes, onLine && ((line) => onLine("stderr", line)));
	const readStdout = (stream: Readable) => stream.on("data", stdout.write);
	const exit = await start(script, { ...rest, readStdout, onStderr: stderr.write });
	return { ...exit, stdout: stdout.end(), stderr: stderr.end() };
}

function streamScript(start: Start, peer: Peer, script: string, options: RunOptions): Promise<Readable> {
	const { onLine, maxBytes = DEFAULT_MAX_BYTES, signal, ...rest } = options;
	const stderr = createOutput(maxBytes, onLine && ((line) => onLine("stderr", line)));
	const reader = new PassThrough();
	// The failure is there for whoever reads, and must not end the process if nobody does any more.
	reader.on("error", () => {});
	const left = new AbortController();
	reader.once("close", () => left.abort(new Error("nobody reads the stream any more")));
	return new Promise((resolve, reject) => {
		const readStdout = (stdout: Readable) => {
			stdout.pipe(reader, { end: false });
			resolve(reader);
		};
		const ended = start(script, {
			...rest,
			signal: AbortSignal.any([signal, left.signal]),
			readStdout,
			onStderr: stderr.write,
			readerWaits: () => reader.writableNeedDrain,
		});
		ended.then(
			(exit) => {
				const said = stderr.end();
				if (exit.code === 0) reader.end();
				else reader.destroy(commandFailed(peer, describeExit(exit), said));
			},
			(error: Error) => {
				reject(error);
				reader.destroy(error);
			},
		);
	});
}

/** Runs it when a session is free. A server that allows fewer sessions than we thought is believed: the command waits for one of ours to end. */
async function inSession(limiter: Limiter, signal: AbortSignal, work: () => Promise<Exit>): Promise<Exit> {
	for (;;) {
		const release = await limiter.acquire(signal);
		const others = limiter.active - 1;
		try {
			return await work();
		} catch (error) {
			if (!isSessionRefused(error) || others < 1) throw error;
			limiter.lower(others);
		} finally {
			release();
		}
	}
}

/** The server is there and said no to one more channel. */
function isSessionRefused(error: unknown): boolean {
	return error instanceof SshError && typeof (error.cause as { reason?: unknown } | undefined)?.reason === "number";
}

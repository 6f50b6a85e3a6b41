import type { Readable } from "node:stream";
import type { Client, ClientChannel } from "ssh2";
import type { Clock } from "../clock.ts";
import type { Peer } from "./handshake-failures.ts";
import { createMarkerFilter, type MarkerFilter, remoteCommand, wrapScript } from "./remote-shell.ts";
import { send } from "./send.ts";
import { connectionLost, noShell, sessionRefused, stalled } from "./shell-failures.ts";

/** How a command ended. `code` is undefined when a signal ended it. */
export interface Exit {
	readonly code: number | undefined;
	readonly signal: string | undefined;
}

export interface Execution {
	readonly signal: AbortSignal;
	readonly stdin?: Readable | string | Uint8Array;
	readonly idleMs?: number;
	/** Starts reading standard output. */
	readonly readStdout: (stdout: Readable) => void;
	readonly onStderr: (chunk: Buffer) => void;
	/** True while the reader of standard output has had enough for now: silence isn't the connection's then. */
	readonly readerWaits?: () => boolean;
}

export interface ExecuteContext {
	readonly client: Client;
	readonly peer: Peer;
	readonly clock: Clock;
	/** Why the connection ended, if it is known. */
	readonly lost: () => Error | undefined;
	/** Ends the remote shell of that process id and all that descends from it. */
	readonly endRemote: (pid: number) => Promise<unknown>;
}

/** Milliseconds that an aborted command has to end. */
const GRACE = 3_000;

/** Runs a script as root. Resolves with how it ended; rejects with an SshError, the signal's reason or the data's error, after the remote command was told to end. */
export async function execute(context: ExecuteContext, script: string, execution: Execution): Promise<Exit> {
	const { client, peer, clock } = context;
	const bytes = wrapScript(script);
	const channel = await openChannel(client, remoteCommand(peer.user, bytes.length)).catch((error: unknown) => {
		const refused = typeof (error as { reason?: unknown }).reason === "number";
		throw refused ? sessionRefused(peer, error) : connectionLost(peer, "before the command ran", context.lost());
	});
	const marker = createMarkerFilter();
	const closed = channelClosed(channel);
	const over = new AbortController();
	let moved = clock.monotonic();
	const onMoved = () => {
		moved = clock.monotonic();
	};
	readOutput(channel, execution, marker, onMoved);
	const sent = send(bytes, execution.stdin, { channel, closed, onMoved });
	const idle = () => (execution.readerWaits?.() ? 0 : clock.monotonic() - moved);
	const until = AbortSignal.any([execution.signal, over.signal]);
	const broken = [aborted(until), sent, stall(context, execution.idleMs, idle, until)];
	try {
		return judge(context, marker, await Promise.race([closed, ...broken]));
	} catch (error) {
		await endCommand(context, channel, marker, closed);
		throw error;
	} finally {
		over.abort();
		for (const end of broken) end.catch(() => {});
	}
}

function readOutput(channel: ClientChannel, execution: Execution, marker: MarkerFilter, onMoved: () => void): void {
	// A channel's errors are told by its close.
	channel.on("error", () => {});
	channel.on("data", onMoved);
	execution.readStdout(channel);
	channel.stderr.on("data", (chunk: Buffer) => {
		onMoved();
		const own = marker.filter(chunk);
		if (own.length > 0) execution.onStderr(own);
	});
}

function channelClosed(channel: ClientChannel): Promise<Exit> {
	return new Promise((resolve) => {
		channel.on("close", (code?: number | null, signal?: string) => resolve({ code: code ?? undefined, signal }));
	});
}

function judge(context: ExecuteContext, marker: MarkerFilter, exit: Exit): Exit {
	if (exit.code === undefined && exit.signal === undefined)
		throw connectionLost(context.peer, "while a command ran", context.lost());
	if (marker.pid === undefined) throw noShell(context.peer, marker.chatter, describeExit(exit));
	return exit;
}

/** `exit code 3`, `signal SIGKILL`. */
export function describeExit(exit: Exit): string {
	return exit.signal === undefined ? `exit code ${exit.code}` : `signal ${exit.signal}`;
}

function openChannel(client: Client, command: string): Promise<ClientChannel> {
	return new Promise((resolve, reject) => {
		client.exec(command, (error, channel) => (error ? reject(error) : resolve(channel)));
	});
}

function aborted(signal: AbortSignal): Promise<never> {
	return new Promise((_, reject) => {
		if (signal.aborted) reject(signal.reason);
		signal.addEventListener("abort", () => reject(signal.reason), { once: true });
	});
}

/** Rejects when nothing has moved for `idleMs`; looks again only when that could be so. */
async function stall(
	{ clock, peer }: ExecuteContext,
	idleMs: number | undefined,
	idle: () => number,
	signal: AbortSignal,
): Promise<never> {
	if (idleMs === undefined) return aborted(signal);
	for (;;) {
		const left = idleMs - idle();
		if (left <= 0) throw stalled(peer, idleMs);
		await clock.sleep(left, signal);
	}
}

async function endCommand(
	context: ExecuteContext,
	channel: ClientChannel,
	marker: MarkerFilter,
	closed: Promise<Exit>,
): Promise<void> {
	channel.unpipe();
	channel.resume();
	const over = new AbortController();
	const end = async () => {
		// By ssh's own signal too where the shell hasn't told its process id: not every server takes it, and none through sudo.
		if (marker.pid === undefined) channel.signal("TERM");
		else await context.endRemote(marker.pid).catch(() => {});
		await closed;
	};
	await Promise.race([end(), context.clock.sleep(GRACE, over.signal).catch(() => {})]);
	over.abort();
	channel.close();
}

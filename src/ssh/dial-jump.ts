import type { Duplex } from "node:stream";
import type { Client, ClientChannel } from "ssh2";
import { duration, withDeadline } from "./deadline.ts";
import type { DialContext } from "./dial.ts";
import { dialDirect, showAddress } from "./dial-direct.ts";
import { jumpFailed, jumpRefused } from "./dial-failures.ts";
import { SshError } from "./errors.ts";
import { handshake } from "./handshake.ts";
import { wrongJumpHostKey } from "./handshake-failures.ts";
import { createKept, type Kept } from "./kept.ts";
import type { JumpHost } from "./ssh.ts";

/** Connections to jump hosts, kept: one serves all the VMs behind it, as a forwarded channel needs no login. */
export type JumpClients = Kept<Client>;

export function createJumpClients(): JumpClients {
	return createKept((client) => client.end());
}

/** A stream from the last jump host to the VM. Each jump host is entered over the one before it. */
export async function dialJump(
	hosts: readonly JumpHost[],
	host: string,
	port: number,
	context: DialContext,
): Promise<Duplex> {
	const last = hosts.at(-1);
	if (last === undefined) return dialDirect(host, port, context);
	const client = await jumpClient(hosts, last, context);
	context.onStage("gateway");
	return forward(client, last, host, port, context);
}

function jumpClient(hosts: readonly JumpHost[], last: JumpHost, context: DialContext): Promise<Client> {
	const { jumpClients, target } = context;
	return jumpClients.get(JSON.stringify(hosts), context.signal, async (signal) => {
		const own = { ...context, signal };
		const stream = await dialJump(hosts.slice(0, -1), last.host, last.port, own);
		const { privateKey, ...rest } = last;
		const credentials = privateKey !== undefined ? { privateKey } : context.agent ? { agent: context.agent } : {};
		const address = showAddress(last.host, last.port);
		const login = { ...rest, ...credentials, name: "jump host", address, wrongHostKey: wrongJumpHostKey };
		try {
			const { client } = await handshake(stream, login, { ...own, onStage: () => context.onStage("gateway") });
			return client;
		} catch (error) {
			throw error instanceof SshError ? jumpFailed(target, error) : error;
		}
	});
}

function forward(client: Client, jump: JumpHost, host: string, port: number, context: DialContext): Promise<Duplex> {
	const { deadlines, clock, signal, target } = context;
	const through = showAddress(jump.host, jump.port);
	const address = showAddress(host, port);
	const late = () => jumpRefused(target, through, address, `no answer within ${duration(deadlines.dial)}`);
	return withDeadline({ ms: deadlines.dial, clock, signal, late }, async (until) => {
		const channel = await openForward(client, host, port).catch((error: unknown) => {
			throw jumpRefused(target, through, address, error);
		});
		// It came too late for anyone to use.
		if (until.aborted) channel.close();
		until.throwIfAborted();
		return channel;
	});
}

/** A channel to a host and port as the server sees them. Rejects with ssh2's error, whose `reason` is the server's. */
export function openForward(client: Client, host: string, port: number): Promise<ClientChannel> {
	return new Promise((resolve, reject) => {
		client.forwardOut("127.0.0.1", 0, host, port, (error, channel) => (error ? reject(error) : resolve(channel)));
	});
}

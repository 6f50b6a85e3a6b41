import type { Duplex } from "node:stream";
import type { Client } from "ssh2";
import type { Clock } from "../clock.ts";
import { DEFAULT_DEADLINES, duration, withDeadline } from "./deadline.ts";
import { showAddress } from "./dial-direct.ts";
import { openForward } from "./dial-jump.ts";
import { SshError } from "./errors.ts";
import type { Peer } from "./handshake-failures.ts";

/** SSH's reasons for a channel that it does not open (RFC 4254, 5.1). */
const PROHIBITED = 1;

/** The byte stream to a port that the VM reaches. Rejects with an SshError of stage gateway. */
export async function forward(
	client: Client,
	host: string,
	port: number,
	options: { readonly peer: Peer; readonly clock: Clock; readonly signal: AbortSignal },
): Promise<Duplex> {
	const { peer, clock, signal } = options;
	const address = showAddress(host, port);
	const late = () => refused(peer, address, new Error(`no answer within ${duration(DEFAULT_DEADLINES.dial)}`));
	return withDeadline({ ms: DEFAULT_DEADLINES.dial, clock, signal, late }, async (until) => {
		const channel = await openForward(client, host, port).catch((error: unknown) => {
			throw refused(peer, address, error);
		});
		// It came too late for anyone to use.
		if (until.aborted) channel.close();
		until.throwIfAborted();
		return channel;
	});
}

function refused(peer: Peer, address: string, cause: unknown): SshError {
	const forbidden = (cause as { reason?: unknown }).reason === PROHIBITED;
	const said = (cause as Error).message.replace(/^\(SSH\) Channel open failure: /, "");
	const what = forbidden ? `forbids connections to ${address}` : `could not reach ${address}`;
	return new SshError(`${peer.name}: its SSH server ${what}: ${said}`, {
		stage: "gateway",
		target: peer.name,
		retryable: !forbidden,
		hint: forbidden
			? "allow it in the VM's sshd_config (AllowTcpForwarding, PermitOpen)"
			: "check that something listens on that port of the VM",
		cause,
	});
}

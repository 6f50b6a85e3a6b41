import type { Client } from "ssh2";
import type { Clock } from "../clock.ts";
import { createConnection } from "./connection.ts";
import { DEFAULT_DEADLINES, withDeadline } from "./deadline.ts";
import { type DialContext, dial, gatewayKey } from "./dial.ts";
import { showAddress } from "./dial-direct.ts";
import { createJumpClients } from "./dial-jump.ts";
import { SshError } from "./errors.ts";
import { handshake, type Login } from "./handshake.ts";
import { wrongHostKey } from "./handshake-failures.ts";
import { createKept } from "./kept.ts";
import { publicKeyBlob } from "./keys.ts";
import { createLimiter, type Limiter } from "./limiter.ts";
import { shellTooSlow, talkativeShell } from "./shell-failures.ts";
import type { Ssh, SshConnection, SshDeadlines, SshStage, SshTarget } from "./ssh.ts";

export interface SshOptions {
	readonly clock: Clock;
	readonly deadlines?: Partial<SshDeadlines>;
	/** Called as a connection comes forward, with the instance's name. */
	readonly onStage?: (target: string, stage: SshStage) => void;
	/** Logins under way through one gateway (default 8; sshd's MaxStartups drops from 10 on), commands at once on one connection (default 8; sshd's MaxSessions is 10). */
	readonly limits?: { readonly handshakes?: number; readonly sessions?: number };
	/** Path of the SSH agent's socket (SSH_AUTH_SOCK), for jump hosts without a private key. */
	readonly agent?: string;
}

/** A connection that is kept, and the host key that it was made with. */
interface KeptVm {
	readonly client: Client;
	readonly connection: SshConnection;
	readonly hostKey: Buffer;
	once(event: "close", listener: () => void): unknown;
}

/** How often a dropped login is tried, and the milliseconds before the second try; they double. */
const DROPS = { tries: 5, pauseMs: 250 };

/** The SSH port by ssh2: one kept connection a VM, dialled anew when it is dead. */
export function createSsh(options: SshOptions): Ssh {
	const vms = createKept<KeptVm>((vm) => vm.client.end());
	const opening = createOpening(options);
	return {
		async connect(target, { signal }) {
			for (;;) {
				const vm = await vms.get(vmKey(target), signal, (until) => opening.open(target, until));
				if (accepts(target, vm.hostKey)) return vm.connection;
				// Made while another host key was accepted: the VM must prove itself anew.
				vms.forget(vmKey(target), vm);
				vm.client.end();
			}
		},
		dial: opening.dial,
		disconnect(target) {
			const vm = vms.peek(vmKey(target));
			if (!vm) return;
			vms.forget(vmKey(target), vm);
			vm.client.end();
		},
		close() {
			vms.close();
			opening.close();
		},
	};
}

function createOpening(options: SshOptions) {
	const { clock } = options;
	const deadlines = { ...DEFAULT_DEADLINES, ...options.deadlines };
	const jumpClients = createJumpClients();
	const limiters = new Map<string, Limiter>();

	const contextOf = (name: string, signal: AbortSignal): DialContext => {
		const onStage = (stage: SshStage) => options.onStage?.(name, stage);
		const agent = options.agent === undefined ? {} : { agent: options.agent };
		return { target: name, deadlines, clock, signal, onStage, jumpClients, ...agent };
	};

	const logIn = async (target: SshTarget, signal: AbortSignal) => {
		const context = contextOf(target.name, signal);
		const key = gatewayKey(target.dialer, target.host, target.port);
		const limiter = limiters.get(key) ?? createLimiter(options.limits?.handshakes ?? 8);
		limiters.set(key, limiter);
		const release = await limiter.acquire(signal);
		try {
			const stream = await dial(target.dialer, target.host, target.port, context);
			return await handshake(stream, loginTo(target), context);
		} finally {
			release();
			if (limiter.idle) limiters.delete(key);
		}
	};

	const open = async (target: SshTarget, signal: AbortSignal): Promise<KeptVm> => {
		const { client, hostKey } = await againIfDropped(clock, signal, () => logIn(target, signal));
		try {
			const peer = loginTo(target);
			const connection = createConnection(client, { peer, clock, maxSessions: options.limits?.sessions ?? 8 });
			options.onStage?.(target.name, target.user === "root" ? "shell" : "sudo");
			const late = () => shellTooSlow(peer, deadlines.authentication);
			await withDeadline({ ms: deadlines.authentication, clock, signal, late }, (until) =>
				proveShell(connection, peer, until),
			);
			return { client, connection, hostKey, once: (event, listener) => client.once(event, listener) };
		} catch (error) {
			client.end();
			throw error;
		}
	};
	const dialPort: Ssh["dial"] = ({ name, host, dialer }, port, { signal }) =>
		dial(dialer, host, port, { ...contextOf(name, signal), speaksFirst: "client" });
	return { open, dial: dialPort, close: () => jumpClients.close() };
}

/** That a root shell comes, and that nothing but the script's output does. */
async function proveShell(connection: SshConnection, login: Login, signal: AbortSignal): Promise<void> {
	const { stdout } = await connection.run(":", { signal });
	if (stdout !== "") throw talkativeShell(login, stdout);
}

function loginTo(target: SshTarget): Login {
	const { name, host, port, user, privateKey, hostKeys } = target;
	return { name, address: showAddress(host, port), user, privateKey, hostKeys, wrongHostKey };
}

/** sshd drops logins at random when many are under way (MaxStartups): that says nothing about this one. */
async function againIfDropped<T>(clock: Clock, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
	for (let tries = 1; ; tries += 1) {
		try {
			return await work();
		} catch (error) {
			if (!(error instanceof SshError) || !error.dropped || tries >= DROPS.tries) throw error;
			await clock.sleep(DROPS.pauseMs * 2 ** (tries - 1), signal);
		}
	}
}

function vmKey({ host, port, user, privateKey, dialer }: SshTarget): string {
	return JSON.stringify([host, port, user, privateKey, dialer]);
}

function accepts(target: SshTarget, hostKey: Buffer): boolean {
	return target.hostKeys.some((known) => publicKeyBlob(known).equals(hostKey));
}

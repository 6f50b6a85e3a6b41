import { duration } from "./deadline.ts";
import { SshError } from "./errors.ts";

const REACHABLE =
	"check that this machine may reach that address; for a VM in a private network set a dialer (a jump host or a proxy command) under `ssh:` in the cloud file";

const REASONS: Readonly<Record<string, string>> = {
	ECONNREFUSED: "refuses the connection",
	ECONNRESET: "reset the connection",
	EHOSTUNREACH: "can't be reached (no route to host)",
	ENETUNREACH: "can't be reached (no route to its network)",
	ETIMEDOUT: "does not answer",
	EACCES: "can't be reached (this user may not connect to it)",
};

/** The name of a VM or jump host gave no address. */
export function unresolved(target: string, host: string, cause: unknown): SshError {
	const code = codeOf(cause);
	return new SshError(`${target}: no address is known for ${host} (${code})`, {
		stage: "resolve",
		target,
		retryable: code === "EAI_AGAIN" || code === "ETIMEOUT",
		hint: "check the name's spelling and this machine's DNS, or give an IP address",
		cause,
	});
}

/** TCP was refused or found no way. */
export function undialled(target: string, address: string, cause: unknown): SshError {
	const code = codeOf(cause);
	const message = `${target}: ${address} ${REASONS[code] ?? `can't be reached (${code})`}`;
	return new SshError(message, { stage: "dial", target, retryable: code !== "EACCES", hint: REACHABLE, cause });
}

/** TCP had no answer in time. */
export function dialledTooLong(target: string, address: string, ms: number): SshError {
	const message = `${target}: no answer from ${address} within ${duration(ms)}`;
	return new SshError(message, { stage: "dial", target, retryable: true, hint: REACHABLE });
}

/** The embedded provider's socket took nobody. */
export function gatewayAbsent(target: string, socket: string, cause: unknown): SshError {
	const code = codeOf(cause);
	const down = code === "ENOENT" || code === "ECONNREFUSED";
	const state = down ? "does not run" : `can't be used (${code})`;
	return new SshError(`${target}: the gateway at ${socket} ${state}`, {
		stage: "dial",
		target,
		retryable: code === "EAGAIN",
		hint: down
			? "`davit deploy MANIFEST` powers the deployment's VMs and their gateway on"
			: "check who may use that socket",
		cause,
	});
}

/** The gateway's own answer to a dial: a code of the system's, and a sentence. */
export function gatewayRefused(target: string, address: string, code: string, text: string): SshError {
	const message = `${target}: the gateway could not reach ${address}: ${text || code} (${code})`;
	const hint = "`davit vms` tells whether the VM runs; `davit deploy --fix` repairs one that does not";
	return new SshError(message, { stage: "gateway", target, retryable: true, hint });
}

/** The gateway ended or stalled before it gave an answer, or gave one of another kind. */
export function gatewayBroken(target: string, socket: string, what: string): SshError {
	const message = `${target}: the gateway at ${socket} ${what}`;
	return new SshError(message, {
		stage: "gateway",
		target,
		retryable: true,
		hint: "`davit deploy MANIFEST` starts the gateway anew",
	});
}

/** A ProxyCommand that ended or stayed silent. `said`: the last of its standard error. */
export function commandFailed(target: string, command: string, what: string, said: string): SshError {
	const words = said.trim().split("\n").at(-1)?.trim();
	const message = `${target}: the proxy command \`${command}\` ${what}${words ? `: ${words}` : ""}`;
	return new SshError(message, {
		stage: "gateway",
		target,
		retryable: true,
		hint: "run that command by hand: it must carry the bytes of an SSH server on its standard input and output",
	});
}

/** The jump host was entered and would not, or could not, go on to the next host. */
export function jumpRefused(target: string, jumpHost: string, address: string, cause: unknown): SshError {
	const { reason } = cause as { reason?: unknown };
	const said = cause instanceof Error ? cause.message.replace(/^\(SSH\) Channel open failure: /, "") : String(cause);
	const forbidden = reason === 1;
	const message = forbidden
		? `${target}: jump host ${jumpHost} forbids connections to ${address}: ${said}`
		: `${target}: jump host ${jumpHost} could not reach ${address}: ${said}`;
	const hint = forbidden
		? "allow it in the jump host's sshd_config (AllowTcpForwarding, PermitOpen) or in the key's options there"
		: "check that the jump host may reach that address, and that the VM runs (`davit vms`)";
	return new SshError(message, { stage: "gateway", target, retryable: !forbidden, hint, cause });
}

/** A failure at the jump host itself, told for the VM behind it. */
export function jumpFailed(target: string, failure: SshError): SshError {
	const { retryable, hint, dropped } = failure;
	const message = `${target}: ${failure.message}`;
	return new SshError(message, { stage: "gateway", target, retryable, hint, dropped, cause: failure });
}

function codeOf(cause: unknown): string {
	const code = (cause as { code?: unknown } | undefined)?.code;
	return typeof code === "string" ? code : cause instanceof Error ? cause.message : String(cause);
}

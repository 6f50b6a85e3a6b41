import { ALGORITHMS, type AlgorithmKind } from "./algorithms.ts";
import { duration } from "./deadline.ts";
import { SshError } from "./errors.ts";
import { blobFingerprint, publicKeyLine } from "./keys.ts";
import type { SshStage } from "./ssh.ts";

/** Who is spoken with, for messages: `database/0`, `10.0.0.5:22`, `vcap`. */
export interface Peer {
	readonly name: string;
	readonly address: string;
	readonly user: string;
}

const KINDS: Readonly<Record<AlgorithmKind, { readonly words: string; readonly setting: string }>> = {
	kex: { words: "key exchange", setting: "KexAlgorithms" },
	serverHostKey: { words: "host key type", setting: "HostKeyAlgorithms" },
	cipher: { words: "cipher", setting: "Ciphers" },
	hmac: { words: "message authentication", setting: "MACs" },
};

function failure(
	peer: Peer,
	stage: SshStage,
	what: string,
	more: { retryable: boolean; hint: string; dropped?: boolean; shownHostKey?: string; cause?: unknown },
) {
	return new SshError(`${peer.name} (${peer.address}): ${what}`, { stage, target: peer.name, ...more });
}

/** The stream is open and nobody speaks. */
export function silent(peer: Peer, ms: number): SshError {
	return failure(peer, "banner", `connected, but no SSH server spoke within ${duration(ms)}`, {
		retryable: true,
		hint: "the VM may still boot; if it stays so, check that its sshd runs and that the port is the SSH port",
	});
}

/** The stream was closed before the identification came. `said`: what came instead. */
export function closedBeforeBanner(peer: Peer, said: string, cause?: unknown): SshError {
	const full = /MaxStartups/.test(said);
	const what = full
		? "the server has too many logins under way"
		: "the connection was closed before an SSH server spoke";
	return failure(peer, "banner", said ? `${what}: ${said}` : what, {
		retryable: true,
		dropped: true,
		hint: full
			? "raise MaxStartups in its sshd_config, or wait until the others are in"
			: "the VM may still boot; a full server (MaxStartups) and a firewall close connections like this too",
		cause,
	});
}

/** Something speaks, and it isn't SSH. */
export function notSsh(peer: Peer, said: string): SshError {
	return failure(peer, "banner", `no SSH server answers there; it said: ${said.slice(0, 80)}`, {
		retryable: false,
		hint: "check host and port under `ssh:` in the cloud file",
	});
}

/** Nothing of one kind is common to both. */
export function noCommonAlgorithm(peer: Peer, kind: AlgorithmKind, server: readonly string[]): SshError {
	const { words, setting } = KINDS[kind];
	const stage = kind === "serverHostKey" ? "host-key" : "banner";
	const what = `no ${words} in common: the server has only ${server.join(", ") || "none"}; davit has ${ALGORITHMS[kind].join(", ")}`;
	const hint = `allow one of davit's in the server's sshd_config (${setting}), or use the dialer \`command\` with a program that speaks the server's`;
	return failure(peer, stage, what, { retryable: false, hint });
}

/** A host key that nobody announced is refused and never learnt. Fingerprints as ssh-keygen -l shows them. */
export function wrongHostKey(peer: Peer, shown: Buffer, accepted: readonly string[]): SshError {
	const known = accepted.length === 0 ? "no key is known for it" : `known is ${accepted.join(" or ")}`;
	return failure(peer, "host-key", `its host key is not the known one: it shows ${blobFingerprint(shown)}, ${known}`, {
		retryable: false,
		shownHostKey: publicKeyLine(shown),
		hint: `someone may be posing as ${peer.name}, or its key was replaced by hand; nothing was sent. If it was replaced, \`davit deploy --fix\` makes a new VM with a known one`,
	});
}

/** The jump host's keys are the user's own to give. */
export function wrongJumpHostKey(peer: Peer, shown: Buffer, accepted: readonly string[]): SshError {
	const { message } = wrongHostKey(peer, shown, accepted);
	return new SshError(message, {
		stage: "host-key",
		target: peer.name,
		retryable: false,
		hint: "someone may be posing as the jump host; nothing was sent. If its key was replaced, put the new one under `ssh:` in the cloud file",
	});
}

/** A server whose key exchange doesn't prove that it has the key it shows. */
export function unprovenHostKey(peer: Peer, cause: Error): SshError {
	return failure(peer, "host-key", `its host key could not be verified: ${cause.message}`, {
		retryable: false,
		hint: "someone may be posing as it; nothing was sent",
		cause,
	});
}

/** Every key was refused. */
export function refusedLogin(peer: Peer, by: "key" | "agent", cause?: unknown): SshError {
	const what = by === "key" ? "the key that davit has for it" : "every key of the SSH agent";
	return failure(peer, "auth", `the server refuses user ${peer.user} with ${what}`, {
		retryable: false,
		hint: `check that ${peer.user} exists there and has the public key in ~/.ssh/authorized_keys, and what the server's log says`,
		cause,
	});
}

/** Neither key nor agent to log in with, or one that can't be read. */
export function noLogin(peer: Peer, what: string, cause?: unknown): SshError {
	return failure(peer, "auth", what, {
		retryable: false,
		hint: "give `private_key` (OpenSSH or PEM text, without passphrase), or start ssh-agent and set SSH_AUTH_SOCK",
		cause,
	});
}

/** Stuck or cut between the banner and the login. */
export function handshakeEnded(peer: Peer, stage: SshStage, what: string, cause?: unknown): SshError {
	return failure(peer, stage, what, {
		retryable: true,
		hint: "try again; if it stays so, look at the server's log (`journalctl -u ssh`)",
		cause,
	});
}

import { duration } from "./deadline.ts";
import { SshError } from "./errors.ts";
import type { Peer } from "./handshake-failures.ts";
import type { SshStage } from "./ssh.ts";

function failure(
	peer: Peer,
	stage: SshStage,
	what: string,
	more: { retryable: boolean; hint?: string; cause?: unknown },
) {
	return new SshError(`${peer.name} (${peer.address}): ${what}`, { stage, target: peer.name, ...more });
}

/** The login worked and no root shell came of it. `said`: the standard error that came instead. */
export function noShell(peer: Peer, said: string, ending: string): SshError {
	const words = said.trim().split("\n").slice(-3).join(" / ");
	if (/^sudo:|sudo: (not found|command not found)/m.test(said)) {
		return failure(peer, "sudo", `user ${peer.user} can't become root: ${words}`, {
			retryable: false,
			hint: `give ${peer.user} a line \`${peer.user} ALL=(ALL) NOPASSWD: ALL\` in /etc/sudoers.d on the VM, or log in as root`,
		});
	}
	return failure(
		peer,
		"shell",
		`the server ran no bash for user ${peer.user} (${ending})${words ? `: ${words}` : ""}`,
		{
			retryable: false,
			hint: "the login user needs /bin/bash on the VM and no forced command; some images let another user in than root",
		},
	);
}

/** A login shell that prints something of its own would end up in every archive that is streamed. */
export function talkativeShell(peer: Peer, said: string): SshError {
	const words = said.trim().split("\n")[0]?.slice(0, 80);
	return failure(peer, "shell", `the login shell of ${peer.user} prints text before any command: ${words}`, {
		retryable: false,
		hint: `make ${peer.user}'s shell start-up files (such as ~/.bashrc) silent for shells that aren't interactive`,
	});
}

/** The server gave no session. */
export function sessionRefused(peer: Peer, cause: unknown): SshError {
	const said = cause instanceof Error ? cause.message.replace(/^\(SSH\) /, "") : String(cause);
	return failure(peer, "shell", `the server opened no session: ${said}`, {
		retryable: true,
		hint: "check MaxSessions in the server's sshd_config, and that the VM has memory and processes left",
		cause,
	});
}

/** The connection went away: under a running command (whether that ends is not known), or before it. */
export function connectionLost(
	peer: Peer,
	during: "while a command ran" | "before the command ran",
	cause?: unknown,
): SshError {
	const why = cause instanceof Error ? `: ${cause.message}` : "";
	return failure(peer, "shell", `the connection was lost ${during}${why}`, {
		retryable: true,
		hint: "check that the VM runs and the way to it is up (`davit vms`), then run the same command again: it goes on from here",
		cause,
	});
}

/** The command runs, and nothing comes or goes. */
export function stalled(peer: Peer, idleMs: number): SshError {
	return failure(peer, "shell", `no byte came or went for ${duration(idleMs)}`, {
		retryable: true,
		hint: "the way to the VM may have stalled; run the same command again: it goes on from here",
	});
}

/** The root shell did not start in time. */
export function shellTooSlow(peer: Peer, ms: number): SshError {
	return failure(
		peer,
		peer.user === "root" ? "shell" : "sudo",
		`logged in, but no root shell came within ${duration(ms)}`,
		{
			retryable: true,
			hint: "the VM may be overloaded; on the VM, a name server that does not answer makes sudo and logins slow",
		},
	);
}

/** What a stream's consumer sees of a command that failed. */
export function commandFailed(peer: Peer, exit: string, stderr: string): SshError {
	const words = stderr.trim().split("\n").slice(-5).join("\n");
	return failure(peer, "shell", `the command ended with ${exit}${words ? `: ${words}` : ""}`, { retryable: false });
}

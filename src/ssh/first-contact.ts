import type { Clock } from "../clock.ts";
import { duration, withDeadline } from "./deadline.ts";
import { SshError } from "./errors.ts";
import type { Ssh, SshConnection, SshStage, SshTarget } from "./ssh.ts";

/** Milliseconds from power-on to first contact: the design's deadlines table. */
const FIRST_CONTACT_DEADLINE = 10 * 60_000;

export interface FirstContactOptions {
	readonly clock: Clock;
	readonly signal: AbortSignal;
	/** Milliseconds for all of it. */
	readonly deadlineMs?: number;
	/** After each try that failed: how far it came, why it ended, and milliseconds since the start. */
	readonly onProgress?: (progress: {
		readonly stage: SshStage;
		readonly message: string;
		readonly elapsedMs: number;
	}) => void;
}

/** Milliseconds between two tries: quickly at first, as embedded VMs boot at once. */
const PAUSES = [100, 200, 500, 1_000, 2_000, 5_000];

/** An image may start sshd before it has made the user, its key or its sudo rights: milliseconds for which a refusal isn't believed. */
const SETTLING = 60_000;
const SETTLES: readonly SshStage[] = ["auth", "sudo", "shell"];

/**
 * Connects to a VM that may still boot. A failure that waiting can't mend ends it at once (a wrong host key does); past the deadline it
 * rejects with the last failure, at its stage.
 */
export async function waitForFirstContact(
	ssh: Ssh,
	target: SshTarget,
	options: FirstContactOptions,
): Promise<SshConnection> {
	const { clock, signal, deadlineMs = FIRST_CONTACT_DEADLINE } = options;
	const started = clock.monotonic();
	let last: SshError | undefined;
	let refusedAt: number | undefined;
	const late = () => tooLate(target, deadlineMs, last);
	return withDeadline({ ms: deadlineMs, clock, signal, late }, async (until) => {
		for (let tries = 0; ; tries += 1) {
			try {
				return await ssh.connect(target, { signal: until });
			} catch (error) {
				until.throwIfAborted();
				if (!(error instanceof SshError)) throw error;
				const now = clock.monotonic();
				if (!error.retryable) {
					refusedAt ??= now;
					if (!SETTLES.includes(error.stage) || now - refusedAt >= SETTLING) throw error;
				}
				last = error;
				options.onProgress?.({ stage: error.stage, message: error.message, elapsedMs: now - started });
				await clock.sleep(PAUSES[Math.min(tries, PAUSES.length - 1)] ?? 0, until);
			}
		}
	});
}

function tooLate(target: SshTarget, deadlineMs: number, last: SshError | undefined): SshError {
	const waited = `${target.name}: not reached within ${duration(deadlineMs)}`;
	const fields = { stage: last?.stage ?? ("dial" as const), target: target.name, retryable: true, hint: last?.hint };
	return new SshError(last ? `${waited}; last: ${last.message}` : waited, { ...fields, cause: last });
}

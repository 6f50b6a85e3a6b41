import type { Clock } from "../../clock.ts";
import { SshError } from "../../ssh/errors.ts";
import { AgentError } from "./errors.ts";

/** Why an agent wasn't reached: on the way to its port, or there. */
export type Failure = SshError | AgentError;

export interface UntilItWorks {
	readonly clock: Clock;
	readonly signal: AbortSignal;
	/** After each try that failed: how far it came, why it ended, and milliseconds since the start. */
	readonly onProgress?: (progress: {
		readonly stage: string;
		readonly message: string;
		readonly elapsedMs: number;
	}) => void;
}

/** Milliseconds between two tries. A stemcell takes a minute or so to boot. */
const PAUSES = [500, 1_000, 2_000, 5_000];

/** Tries again as long as the failure is one that may pass; `failed` hears of each. */
export async function untilItWorks<T>(
	attempt: () => Promise<T>,
	{ clock, signal, onProgress }: UntilItWorks,
	failed?: (error: Failure) => void,
): Promise<T> {
	const started = clock.monotonic();
	for (let tries = 0; ; tries += 1) {
		try {
			return await attempt();
		} catch (error) {
			signal.throwIfAborted();
			if (!mayPass(error)) throw error;
			failed?.(error);
			onProgress?.({ stage: error.stage, message: error.message, elapsedMs: clock.monotonic() - started });
			await clock.sleep(PAUSES[Math.min(tries, PAUSES.length - 1)] ?? 0, signal);
		}
	}
}

/** True for a failure after which trying again may help. */
export function mayPass(error: unknown): error is Failure {
	return (error instanceof SshError || error instanceof AgentError) && error.retryable;
}

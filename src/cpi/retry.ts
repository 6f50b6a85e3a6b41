import type { Clock, Random } from "../clock.ts";
import type { Cpi } from "./cpi.ts";
import { CpiError } from "./errors.ts";
import { aroundVerbs, type Verb } from "./verbs.ts";

export interface RetryPolicy {
	/** Calls in all, the first one included. */
	readonly attempts: number;
	/** The longest wait before the second call; it doubles from call to call. */
	readonly firstMs: number;
	readonly longestMs: number;
}

/** A failed attempt that will be made again after `pauseMs`. */
export interface Retry {
	readonly error: CpiError;
	readonly pauseMs: number;
}

const defaultRetry: RetryPolicy = { attempts: 6, firstMs: 500, longestMs: 30_000 };

const creates: ReadonlySet<Verb> = new Set(["createStemcell", "createVm", "createDisk", "snapshotDisk"]);

/** A number from 0 up to 1. */
function fraction(random: Pick<Random, "bytes">): number {
	return new DataView(random.bytes(4).buffer.slice(0)).getUint32(0) / 2 ** 32;
}

/**
 * Calls again after a retryable error, within the caller's deadline, after a random wait ("full jitter") that is no
 * shorter than what the cloud asked for. Creates of a CPI without idempotency keys are called again only when the
 * cloud refused to look at them (`rate-limit`): another one might make a second resource.
 */
export function withRetry(
	cpi: Cpi,
	{
		clock,
		random,
		policy = defaultRetry,
		onRetry,
	}: {
		clock: Clock;
		random: Pick<Random, "bytes">;
		policy?: RetryPolicy;
		onRetry: (retry: Retry) => void;
	},
): Cpi {
	const { idempotent } = cpi.info().can;
	const mayRetry = (verb: Verb, error: unknown): error is CpiError =>
		error instanceof CpiError && error.retryable && (idempotent || !creates.has(verb) || error.kind === "rate-limit");

	return aroundVerbs(cpi, async (verb, options, next) => {
		const end = clock.monotonic() + options.deadlineMs;
		for (let attempt = 1; ; attempt++) {
			try {
				return await next({ ...options, deadlineMs: end - clock.monotonic() });
			} catch (error) {
				if (!mayRetry(verb, error) || attempt >= policy.attempts) throw error;
				const longest = Math.min(policy.longestMs, policy.firstMs * 2 ** (attempt - 1));
				const pause = Math.max(longest * fraction(random), error.retryAfterMs ?? 0);
				if (clock.monotonic() + pause >= end) throw error;
				onRetry({ error, pauseMs: pause });
				await clock.sleep(pause, options.signal);
			}
		}
	});
}

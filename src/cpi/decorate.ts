import type { Clock, Random } from "../clock.ts";
import type { Cpi } from "./cpi.ts";
import { withDeadline } from "./deadline.ts";
import { withLimit } from "./limit.ts";
import { type CpiCall, withLog } from "./log.ts";
import { type Retry, type RetryPolicy, withRetry } from "./retry.ts";

export interface CpiCare {
	readonly clock: Clock;
	readonly random: Pick<Random, "bytes">;
	/** Calls to this cloud at a time. */
	readonly limit: number;
	readonly retry?: RetryPolicy;
	readonly onCall: (call: CpiCall) => void;
	readonly onRetry: (retry: Retry) => void;
}

/** A CPI as davit uses it. Each attempt is limited, logged and ended at its deadline; a wait between two holds no place. */
export function decorate(cpi: Cpi, { clock, random, limit, retry, onCall, onRetry }: CpiCare): Cpi {
	const attempt = withLimit(withLog(withDeadline(cpi, clock), clock, onCall), limit);
	return withRetry(attempt, { clock, random, onRetry, ...(retry ? { policy: retry } : {}) });
}

import type { Clock } from "../clock.ts";
import type { Cpi } from "./cpi.ts";
import { CpiError } from "./errors.ts";
import { aroundVerbs } from "./verbs.ts";

/** A CPI that keeps its deadline itself can say what it waited for; it gets this long to do so. */
const GRACE_MS = 1_000;

/** Ends calls that outlast their `deadlineMs`: the CPI's signal aborts, the caller gets a retryable `unavailable`. */
export function withDeadline(cpi: Cpi, clock: Pick<Clock, "sleep">): Cpi {
	const { name } = cpi.info();
	return aroundVerbs(cpi, async (verb, options, next) => {
		const timeUp = new AbortController();
		const done = new AbortController();
		const expire = clock
			.sleep(options.deadlineMs + GRACE_MS, AbortSignal.any([options.signal, done.signal]))
			.then(() => {
				const error = new CpiError(`${verb} did not end within ${(options.deadlineMs / 1000).toFixed(1)} s`, {
					kind: "unavailable",
					iaas: name,
					operation: verb,
				});
				timeUp.abort(error);
				throw error;
			});
		try {
			return await Promise.race([
				next({ ...options, signal: AbortSignal.any([options.signal, timeUp.signal]) }),
				expire,
			]);
		} finally {
			done.abort();
			// The abandoned sleep rejects now; nobody waits for it.
			expire.catch(() => {});
		}
	});
}

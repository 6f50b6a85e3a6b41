import type { Clock } from "../clock.ts";
import type { SshDeadlines } from "./ssh.ts";

/** Milliseconds: the design's deadlines table. */
export const DEFAULT_DEADLINES: SshDeadlines = { dial: 10_000, banner: 10_000, authentication: 20_000 };

/**
 * The result of `work`, unless `ms` pass first: then `late()` is thrown. `work` gets a signal that aborts in both cases and
 * when `signal` does; whatever it has open by then it closes itself.
 */
export async function withDeadline<T>(
	deadline: { readonly ms: number; readonly clock: Clock; readonly signal: AbortSignal; readonly late: () => Error },
	work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
	deadline.signal.throwIfAborted();
	const over = new AbortController();
	const signal = AbortSignal.any([deadline.signal, over.signal]);
	const timer = deadline.clock.sleep(deadline.ms, signal).then(() => {
		throw deadline.late();
	});
	try {
		return await Promise.race([work(signal), timer]);
	} finally {
		timer.catch(() => {});
		over.abort();
	}
}

/** `10 s`, `1.5 s`, `2 min`. */
export function duration(ms: number): string {
	return ms >= 120_000 && ms % 60_000 === 0 ? `${ms / 60_000} min` : `${ms / 1000} s`;
}

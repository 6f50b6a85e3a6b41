import type { Cpi } from "./cpi.ts";
import { aroundVerbs } from "./verbs.ts";

/** At most `most` calls to the cloud at a time; the others wait in order, and stop waiting when their signal aborts. */
export function withLimit(cpi: Cpi, most: number): Cpi {
	let running = 0;
	const waiting: (() => void)[] = [];

	const turn = (signal: AbortSignal) =>
		new Promise<void>((resolve, reject) => {
			signal.throwIfAborted();
			const start = () => {
				signal.removeEventListener("abort", leave);
				running++;
				resolve();
			};
			const leave = () => {
				waiting.splice(waiting.indexOf(start), 1);
				reject(signal.reason);
			};
			if (running < most) return start();
			signal.addEventListener("abort", leave, { once: true });
			waiting.push(start);
		});

	return aroundVerbs(cpi, async (_verb, options, next) => {
		await turn(options.signal);
		try {
			return await next(options);
		} finally {
			running--;
			waiting.shift()?.();
		}
	});
}

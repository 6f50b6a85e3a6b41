import { randomBytes, randomUUID } from "node:crypto";
import type { Clock, Random } from "../../src/clock.ts";

export interface ManualClock extends Clock {
	/** Both clocks go on, as while working. */
	advance(ms: number): void;
	/** The wall clock goes on alone, as while the machine is suspended. */
	suspend(ms: number): void;
}

/** A clock that stands still unless told otherwise; sleeping moves it on at once. */
export function manualClock(start = Date.UTC(2026, 0, 1)): ManualClock {
	let wall = start;
	let monotonic = 1000;
	const advance = (ms: number) => {
		wall += ms;
		monotonic += ms;
	};
	return {
		advance,
		now: () => wall,
		monotonic: () => monotonic,
		suspend: (ms) => {
			wall += ms;
		},
		sleep: async (ms, signal) => {
			signal.throwIfAborted();
			advance(ms);
		},
	};
}

export const systemRandom: Random = { bytes: (length) => randomBytes(length), uuid: () => randomUUID() };

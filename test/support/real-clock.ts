import { setTimeout as delay } from "node:timers/promises";
import type { Clock } from "../../src/clock.ts";

/** The machine's own time, for tests that talk to real processes. */
export const realClock: Clock = {
	now: () => Date.now(),
	monotonic: () => performance.now(),
	sleep: (ms, signal) =>
		delay(ms, undefined, { signal }).catch((error: unknown) => {
			throw signal.aborted ? signal.reason : error;
		}),
};

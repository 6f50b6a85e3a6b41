import { setTimeout as sleep } from "node:timers/promises";
import type { Call } from "./call.ts";

/** Polls until `true`, for at most `limitMs` or until the call's own deadline. False when the time is up. */
export async function until(
	call: Call,
	condition: () => boolean | Promise<boolean>,
	limitMs = Number.POSITIVE_INFINITY,
): Promise<boolean> {
	const began = performance.now();
	for (let pause = 5; !(await condition()); pause = Math.min(pause * 1.5, 100)) {
		call.check();
		if (performance.now() - began > limitMs) return false;
		await sleep(pause, undefined, { signal: call.signal });
	}
	call.check();
	return true;
}

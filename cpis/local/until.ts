import { type Call, until as poll } from "../../src/cpi/call.ts";

/** Polls until `true`, for at most `limitMs` or until the call's own deadline. False when the time is up. What this machine does is over soon. */
export function until(
	call: Call,
	condition: () => boolean | Promise<boolean>,
	limitMs = Number.POSITIVE_INFINITY,
): Promise<boolean> {
	return poll(call, condition, { limitMs, longestPauseMs: 100 });
}

import type { Amount } from "../manifest/deployment.ts";

export type { Amount };

/** A percentage is rounded down. */
export function amountOf(amount: Amount, size: number): number {
	return "count" in amount ? amount.count : Math.floor((amount.percent * size) / 100);
}

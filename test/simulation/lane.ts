import process from "node:process";
import { explore } from "./explore.ts";

/** One of the processes among which seeds are shared out. */
export interface Lane {
	readonly from: number;
	readonly step: number;
	/** The first seed that is not tried any more. */
	readonly to: number;
	/** Wall clock, ms since 1970. */
	readonly until: number;
	readonly rounds: number;
}

/** How one life went. */
export interface Told {
	readonly seed: number;
	readonly problem?: string;
	/** By `FAULT STEP`. */
	readonly hits: Readonly<Record<string, number>>;
}

async function one(seed: number, rounds: number): Promise<Told> {
	const hits = new Map<string, number>();
	const problem = await explore({ seed, rounds, hits }).then(
		() => undefined,
		(error: Error) => error.message,
	);
	return { seed, hits: Object.fromEntries(hits), ...(problem === undefined ? {} : { problem }) };
}

const { from, step, to, until, rounds } = JSON.parse(process.argv[2] ?? "{}") as Lane;
for (let seed = from; seed < to && Date.now() < until; seed += step) {
	const told = await one(seed, rounds);
	await new Promise((resolve) => process.send?.(told, resolve));
}
// Killed processes of the simulation wait for ever.
process.exit(0);

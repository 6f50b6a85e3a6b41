import process from "node:process";
import { explore } from "./explore.ts";
import { exploreWatch } from "./explore-watch.ts";

/** One of the processes among which seeds are shared out. */
export interface Lane {
	readonly from: number;
	readonly step: number;
	/** The first seed that is not tried any more. */
	readonly to: number;
	/** Wall clock, ms since 1970. */
	readonly until: number;
	readonly rounds: number;
	/** A watcher's lives instead of changes. */
	readonly watch: boolean;
}

/** How one life went. */
export interface Told {
	readonly seed: number;
	readonly problem?: string;
	/** By `FAULT STEP`. */
	readonly hits: Readonly<Record<string, number>>;
}

async function one(seed: number, { rounds, watch }: Pick<Lane, "rounds" | "watch">): Promise<Told> {
	const hits = new Map<string, number>();
	const problem = await (watch ? exploreWatch : explore)({ seed, rounds, hits }).then(
		() => undefined,
		(error: Error) => error.message,
	);
	return { seed, hits: Object.fromEntries(hits), ...(problem === undefined ? {} : { problem }) };
}

const { from, step, to, until, ...life } = JSON.parse(process.argv[2] ?? "{}") as Lane;
for (let seed = from; seed < to && Date.now() < until; seed += step) {
	const told = await one(seed, life);
	await new Promise((resolve) => process.send?.(told, resolve));
}
// Killed processes of the simulation wait for ever.
process.exit(0);

import { performance } from "node:perf_hooks";

/** One thing that davit does, beside the same done by a peer in the same run. */
export interface Row {
	readonly what: string;
	readonly unit: "ms" | "MB";
	/** The median of all rounds. */
	readonly davit: number;
	/** What it is compared with, and where that does less or more. */
	readonly peer: string;
	/** The peer's median. Absent: the peer isn't on this machine. */
	readonly peerTook?: number;
}

export interface Comparison<Result = unknown> {
	readonly what: string;
	readonly davit: () => Promise<Result>;
	readonly peer: string;
	/** Absent: the peer isn't on this machine. */
	readonly runPeer?: (() => Promise<Result>) | undefined;
	readonly rounds?: number;
}

/** Runs both in turn, so that whatever else the machine does meets both; the first round of each isn't counted. */
export async function compare({ what, davit, peer, runPeer, rounds = 7 }: Comparison): Promise<Row> {
	return measure({ what, davit: () => timed(davit), peer, runPeer: runPeer && (() => timed(runPeer)), rounds }, "ms");
}

/** The same of the memory that two commands take at most. */
export async function comparePeaks(comparison: Comparison<number>): Promise<Row> {
	return measure(comparison, "MB");
}

async function measure(
	{ what, davit, peer, runPeer, rounds = 3 }: Comparison<number>,
	unit: Row["unit"],
): Promise<Row> {
	const davitTook: number[] = [];
	const peerTook: number[] = [];
	for (let round = 0; round <= rounds; round++) {
		const own = await davit();
		const others = runPeer && (await runPeer());
		if (round === 0) continue;
		davitTook.push(own);
		if (others !== undefined) peerTook.push(others);
	}
	return { what, unit, davit: median(davitTook), peer, ...(runPeer ? { peerTook: median(peerTook) } : {}) };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
	const began = performance.now();
	await work();
	return performance.now() - began;
}

function median(times: readonly number[]): number {
	const sorted = times.toSorted((a, b) => a - b);
	return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

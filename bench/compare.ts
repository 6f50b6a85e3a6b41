import { performance } from "node:perf_hooks";

/** One thing that davit does, beside the same done by a peer in the same run. */
export interface Row {
	readonly what: string;
	/** The median of all rounds, in ms. */
	readonly davitMs: number;
	/** What it is compared with, and where that does less or more. */
	readonly peer: string;
	/** Absent: the peer isn't on this machine. */
	readonly peerMs?: number;
}

export interface Comparison {
	readonly what: string;
	readonly davit: () => Promise<unknown>;
	readonly peer: string;
	/** Absent: the peer isn't on this machine. */
	readonly runPeer?: (() => Promise<unknown>) | undefined;
	readonly rounds?: number;
}

/** Runs both in turn, so that whatever else the machine does meets both; the first round of each isn't counted. */
export async function compare({ what, davit, peer, runPeer, rounds = 7 }: Comparison): Promise<Row> {
	const davitTimes: number[] = [];
	const peerTimes: number[] = [];
	for (let round = 0; round <= rounds; round++) {
		const davitMs = await timed(davit);
		const peerMs = runPeer && (await timed(runPeer));
		if (round === 0) continue;
		davitTimes.push(davitMs);
		if (peerMs !== undefined) peerTimes.push(peerMs);
	}
	return { what, davitMs: median(davitTimes), peer, ...(runPeer ? { peerMs: median(peerTimes) } : {}) };
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

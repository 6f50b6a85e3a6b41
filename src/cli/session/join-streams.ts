import type { Duplex, Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";

/**
 * Copies both ways until both ways have ended. The end of one way is passed on, the other goes on; a failure or the signal ends both. Rejects with
 * what failed first.
 */
export async function joinStreams(
	near: { readonly from: Readable; readonly to: Writable },
	far: Duplex,
	signal: AbortSignal,
): Promise<void> {
	const ways = [pipeline(near.from, far, { signal }), pipeline(far, near.to, { signal })];
	try {
		await Promise.all(ways);
	} finally {
		for (const stream of [near.from, near.to, far]) stream.destroy();
		await Promise.allSettled(ways);
	}
}

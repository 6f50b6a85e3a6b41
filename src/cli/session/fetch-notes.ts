import type { Clock } from "../../clock.ts";
import type { EventSink } from "../../events.ts";
import { formatSize } from "./size.ts";

/** A download that is done by then needs no word. Ms. */
const FIRST_MS = 2_000;
const NEXT_MS = 10_000;

/**
 * Tells of what is fetched, so that nobody waits for something unknown: how far long downloads are; of what another program fetches, which says
 * nothing of its bytes, only that it is (0 of unknown).
 */
export function fetchNotes(
	clock: Pick<Clock, "monotonic">,
	emit: EventSink,
): (what: string, bytes: number, total: number | undefined) => void {
	const due = new Map<string, number>();
	return (what, bytes, total) => {
		const now = clock.monotonic();
		if (bytes === 0) return emit({ type: "note", text: `fetching ${what}` });
		const at = due.get(what);
		if (at === undefined) due.set(what, now + FIRST_MS);
		if (at === undefined || now < at) return;
		due.set(what, now + NEXT_MS);
		const far =
			total === undefined
				? formatSize(bytes / 1024)
				: `${Math.floor((bytes / total) * 100)}% of ${formatSize(total / 1024)}`;
		emit({ type: "note", text: `fetching ${what}: ${far}` });
	};
}

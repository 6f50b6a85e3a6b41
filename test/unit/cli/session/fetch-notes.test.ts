import { expect, test } from "vitest";
import { fetchNotes } from "../../../../src/cli/session/fetch-notes.ts";
import type { DavitEvent } from "../../../../src/events.ts";
import { manualClock } from "../../../support/manual-clock.ts";

const MIB = 1024 * 1024;

/** What is told of a download of 100 MiB that brings 1 MiB every so many ms. */
function told(everyMs: number, total: number | undefined): readonly DavitEvent[] {
	const clock = manualClock();
	const events: DavitEvent[] = [];
	const note = fetchNotes(clock, (event) => events.push(event));
	for (let bytes = MIB; bytes <= 100 * MIB; bytes += MIB) {
		note("cf/1.2", bytes, total);
		clock.advance(everyMs);
	}
	return events;
}

test("a quick download is not told of", () => {
	expect(told(20, 100 * MIB)).toEqual([]);
});

test("a slow one after 2 s, then every 10 s, with how far it is", () => {
	expect(told(250, 100 * MIB)).toEqual([
		{ type: "note", text: "fetching cf/1.2: 9% of 100.0 MiB" },
		{ type: "note", text: "fetching cf/1.2: 49% of 100.0 MiB" },
		{ type: "note", text: "fetching cf/1.2: 89% of 100.0 MiB" },
	]);
	expect(told(250, undefined)[1]).toEqual({ type: "note", text: "fetching cf/1.2: 49.0 MiB" });
});

test("what another program fetches is told of at once", () => {
	const events: DavitEvent[] = [];
	fetchNotes(manualClock(), (event) => events.push(event))("postgres@3.4.9 with npm", 0, undefined);
	expect(events).toEqual([{ type: "note", text: "fetching postgres@3.4.9 with npm" }]);
});

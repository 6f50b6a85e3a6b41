import { createHash } from "node:crypto";
import type { Database } from "./sqlite-database.ts";
import type { RecordedEvent } from "./state.ts";

interface EventRow {
	readonly id: number;
	readonly event: string;
	readonly digest: string;
}

/** What an event's digest is made of: the one before, and the event's text as stored. */
function chain(before: string, event: string): string {
	return createHash("sha256").update(before).update("\n").update(event).digest("hex");
}

/** Appends the event with a digest that covers all events before it. */
export function appendEvent(database: Database, event: RecordedEvent): void {
	const text = JSON.stringify(event);
	database.transaction(() => {
		const last = database.get<EventRow>("SELECT * FROM events ORDER BY id DESC LIMIT 1");
		const digest = chain(last?.digest ?? "", text);
		database.run("INSERT INTO events (deployment, event, digest) VALUES (?, ?, ?)", event.deployment, text, digest);
	});
}

/** The newest `limit` events of a deployment, oldest of them first. */
export function readEvents(database: Database, deployment: string, limit: number): readonly RecordedEvent[] {
	const rows = database.all<EventRow>(
		"SELECT * FROM events WHERE deployment = ? ORDER BY id DESC LIMIT ?",
		...[deployment, limit],
	);
	return rows.reverse().map((row) => JSON.parse(row.event) as RecordedEvent);
}

/** Number (from 1) of the first event that was changed, or after which one is missing; undefined if all are as written. */
export function firstBrokenEvent(database: Database): number | undefined {
	let before = "";
	let expected = 1;
	for (const row of database.all<EventRow>("SELECT * FROM events ORDER BY id")) {
		if (row.id !== expected || row.digest !== chain(before, row.event)) return expected;
		before = row.digest;
		expected += 1;
	}
	return undefined;
}

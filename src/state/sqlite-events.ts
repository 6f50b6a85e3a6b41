import { createHash } from "node:crypto";
import type { Database } from "./sqlite-database.ts";
import type { RecordedEvent } from "./state.ts";

/** With its number in the store. */
export interface NumberedEvent extends RecordedEvent {
	readonly id: number;
}

/** Which events are asked for; what is absent lets all in. */
export interface EventFilter {
	readonly deployment?: string | undefined;
	/** Only those with a lower number. */
	readonly beforeId?: number | undefined;
	/** Only earlier ones, and only later ones: wall clock, ms since 1970. */
	readonly before?: number | undefined;
	readonly after?: number | undefined;
	readonly task?: number | undefined;
	/** Each that is given must be its object. */
	readonly objects?: readonly string[] | undefined;
	/** `user@host`, or the user alone. */
	readonly actor?: string | undefined;
	readonly action?: string | undefined;
	/** Begins and ends of tasks have their deployment as their object. True: only those; false: all but those. */
	readonly ofTasks?: boolean | undefined;
	readonly actionsIn?: readonly string[] | undefined;
	readonly actionsOut?: readonly string[] | undefined;
}

interface EventRow {
	readonly id: number;
	readonly event: string;
	readonly digest: string;
}

/** What was done, and by whom. */
export function recordedEvents(database: Database) {
	return {
		appendEvent: async (event: RecordedEvent) => appendEvent(database, event),
		events: async (deployment: string, limit: number) => readEvents(database, deployment, limit),
		findEvents: async (filter: EventFilter, limit: number) => findEvents(database, filter, limit),
		eventfulDeployments: async () =>
			database
				.all<{ name: string }>("SELECT DISTINCT deployment AS name FROM events ORDER BY 1")
				.map(({ name }) => name),
		firstBrokenEvent: async () => firstBrokenEvent(database),
	};
}

/** What an event's digest is made of: the one before, and the event's text as stored. */
function chain(before: string, event: string): string {
	return createHash("sha256").update(before).update("\n").update(event).digest("hex");
}

/** Appends the event with a digest that covers all events before it. */
function appendEvent(database: Database, event: RecordedEvent): void {
	const text = JSON.stringify(event);
	database.transaction(() => {
		const last = database.get<EventRow>("SELECT * FROM events ORDER BY id DESC LIMIT 1");
		const digest = chain(last?.digest ?? "", text);
		database.run("INSERT INTO events (deployment, event, digest) VALUES (?, ?, ?)", event.deployment, text, digest);
	});
}

/** The newest `limit` events of a deployment, oldest of them first. */
function readEvents(database: Database, deployment: string, limit: number): readonly RecordedEvent[] {
	const rows = database.all<EventRow>(
		"SELECT * FROM events WHERE deployment = ? ORDER BY id DESC LIMIT ?",
		...[deployment, limit],
	);
	return rows.reverse().map((row) => JSON.parse(row.event) as RecordedEvent);
}

type Condition = readonly [sql: string, ...values: (string | number)[]];

/** The newest `limit` events that the filter lets in, oldest of them first. */
function findEvents(database: Database, filter: EventFilter, limit: number): readonly NumberedEvent[] {
	const conditions = conditionsOf(filter);
	const where = conditions.length === 0 ? "" : `WHERE ${conditions.map(([sql]) => `(${sql})`).join(" AND ")}`;
	const rows = database.all<EventRow>(
		`SELECT * FROM events ${where} ORDER BY id DESC LIMIT ?`,
		...conditions.flatMap(([, ...values]) => values),
		limit,
	);
	return rows.reverse().map(({ id, event }) => ({ id, ...(JSON.parse(event) as RecordedEvent) }));
}

function conditionsOf(filter: EventFilter): readonly Condition[] {
	const isTask = "event ->> '$.object' = deployment";
	const { objects = [], actor, ofTasks, actionsIn, actionsOut } = filter;
	return [
		...given(filter.deployment, "deployment = ?"),
		...given(filter.beforeId, "id < ?"),
		...given(filter.before, "event ->> '$.at' < ?"),
		...given(filter.after, "event ->> '$.at' > ?"),
		...given(filter.task, "event ->> '$.detail.task' = ?"),
		...objects.flatMap((object) => given(object, "event ->> '$.object' = ?")),
		...given(actor, "? IN (event ->> '$.actor', substr(event ->> '$.actor', 1, instr(event ->> '$.actor', '@') - 1))"),
		...given(filter.action, "event ->> '$.action' = ?"),
		...(ofTasks === undefined ? [] : [[ofTasks ? isTask : `NOT ${isTask}`] as const]),
		...given(actionsIn && JSON.stringify(actionsIn), "event ->> '$.action' IN (SELECT value FROM json_each(?))"),
		...given(actionsOut && JSON.stringify(actionsOut), "event ->> '$.action' NOT IN (SELECT value FROM json_each(?))"),
	];
}

function given(value: string | number | undefined, sql: string): readonly Condition[] {
	return value === undefined ? [] : [[sql, value]];
}

/** Number (from 1) of the first event that was changed, or after which one is missing; undefined if all are as written. */
function firstBrokenEvent(database: Database): number | undefined {
	let before = "";
	let expected = 1;
	for (const row of database.all<EventRow>("SELECT * FROM events ORDER BY id")) {
		if (row.id !== expected || row.digest !== chain(before, row.event)) return expected;
		before = row.digest;
		expected += 1;
	}
	return undefined;
}

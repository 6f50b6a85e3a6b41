import type { Database } from "./sqlite-database.ts";
import type { Fence, Intent, Outcome } from "./state.ts";

interface IntentRow {
	readonly id: number;
	readonly deployment: string;
	readonly fence: number;
	readonly verb: string;
	readonly key: string;
	readonly data: string;
	readonly started_at: number;
}

/** Writes down what is about to be done; returns the intent's id. */
export function beginIntent(
	database: Database,
	fence: Fence,
	intent: Pick<Intent, "verb" | "key" | "data">,
	now: number,
): number {
	return database.run(
		"INSERT INTO intents (deployment, fence, verb, key, data, started_at) VALUES (?, ?, ?, ?, ?, ?)",
		...[fence.deployment, fence.number, intent.verb, intent.key, JSON.stringify(intent.data), now],
	).id;
}

/** Closes an open intent of the deployment, whichever holder began it. */
export function finishIntent(
	database: Database,
	deployment: string,
	intent: number,
	{ outcome, now }: { readonly outcome: Outcome; readonly now: number },
): void {
	const { changes } = database.run(
		"UPDATE intents SET finished_at = ?, outcome = ? WHERE id = ? AND deployment = ? AND finished_at IS NULL",
		...[now, JSON.stringify(outcome), intent, deployment],
	);
	if (changes === 0) throw new Error(`${deployment} has no open intent ${intent}`);
}

/** Intents without an outcome, in the order in which they were begun. */
export function openIntents(database: Database, deployment: string): readonly Intent[] {
	const rows = database.all<IntentRow>(
		"SELECT * FROM intents WHERE deployment = ? AND finished_at IS NULL ORDER BY id",
		deployment,
	);
	return rows.map(({ id, fence, verb, key, data, started_at }) => ({
		...{ id, deployment, fence, verb, key, startedAt: started_at },
		data: JSON.parse(data) as Intent["data"],
	}));
}

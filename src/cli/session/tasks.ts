import { problem, UserError } from "../../errors.ts";
import type { SqliteStore } from "../../state/sqlite.ts";
import type { RecordedEvent } from "../../state/state.ts";

/** BOSH's words. `cancelled`: by Ctrl-C or cancel-task. */
export type TaskState = "processing" | "done" | "error" | "cancelled";

/** One run of a command that changed a deployment, put together from its events. */
export interface TaskRow {
	readonly task: number;
	readonly state: TaskState;
	/** Wall clock, ms since 1970. */
	readonly startedAt: number;
	readonly durationMs?: number;
	readonly actor: string;
	readonly deployment: string;
	/** As on the command line: `deploy`. */
	readonly command: string;
	/** Why it is not done: codes of problems. */
	readonly result?: string;
}

/** What is recorded of a run that ended without a word. */
const CUT_SHORT = "cut short: its davit was killed, or lost the lease";

/** All tasks of a deployment, also of one that is gone; in the order of their begin. */
export async function tasksOf(store: SqliteStore, deployment: string): Promise<readonly TaskRow[]> {
	const working = (await store.holder(deployment))?.number;
	const tasks = new Map<number, TaskRow>();
	for (const event of await store.events(deployment, Number.MAX_SAFE_INTEGER)) {
		const task = taskOf(event);
		if (task === undefined || event.object !== deployment) continue;
		const { at: startedAt, actor, action: command, outcome } = event;
		if (outcome === "started") {
			const end = task === working ? { state: "processing" as const } : { state: "error" as const, result: CUT_SHORT };
			tasks.set(task, { task, startedAt, actor, deployment, command, ...end });
		} else {
			const { result: _, ...begun } = tasks.get(task) ?? { task, startedAt, actor, deployment, command };
			tasks.set(task, { ...begun, ...endOf(event) });
		}
	}
	return [...tasks.values()];
}

/** The number of the task that an event belongs to; older events have none. */
export function taskOf({ detail: { task } }: RecordedEvent): number | undefined {
	return typeof task === "number" ? task : undefined;
}

function endOf({ outcome, detail: { durationMs, problems, exitCode } }: RecordedEvent) {
	const took = typeof durationMs === "number" ? { durationMs } : {};
	if (outcome === "done") return { state: "done" as const, ...took };
	const result = Array.isArray(problems) && problems.length > 0 ? problems.join(", ") : "a bug of davit's";
	return { state: exitCode === 130 ? ("cancelled" as const) : ("error" as const), ...took, result };
}

/** The task with this number, of whichever deployment. Throws a UserError if the word is no number, or no task has it. */
export async function chosenTask(store: SqliteStore, word: string): Promise<TaskRow> {
	if (!/^[1-9]\d{0,14}$/.test(word))
		throw new UserError(problem("usage", `${word} is no number of a task`, { hint: "davit tasks lists them" }), {
			exitCode: 64,
		});
	for (const name of await store.eventfulDeployments()) {
		const found = (await tasksOf(store, name)).find(({ task }) => task === Number(word));
		if (found) return found;
	}
	throw new UserError(problem("no-task", `there is no task ${word}`, { hint: "davit tasks lists them" }));
}

/** A row for people and for programs. */
export function shownTask({ startedAt, durationMs, ...row }: TaskRow) {
	return {
		...row,
		started: new Date(startedAt).toISOString(),
		seconds: durationMs === undefined ? undefined : (durationMs / 1000).toFixed(1),
	};
}

/** Columns of `shownTask`. */
export const TASK_COLUMNS = ["task", "state", "started", "seconds", "actor", "deployment", "command", "result"];

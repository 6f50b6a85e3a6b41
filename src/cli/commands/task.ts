import type { SqliteStore } from "../../state/sqlite.ts";
import type { CliContext, Command } from "../command.ts";
import { EVENT_COLUMNS, shownEvent } from "../session/shown-event.ts";
import { tableOf } from "../session/table-of.ts";
import { chosenTask, shownTask, TASK_COLUMNS, type TaskRow, taskOf, tasksOf } from "../session/tasks.ts";
import { withStore } from "../session/with-store.ts";

/** Milliseconds between two looks at a task that works. */
const LOOK_MS = 1_000;

export const command: Command = {
	arguments: "<number>",
	options: [{ flags: "--events", about: "show what it has done so far, and don't wait for more" }],
	help: `Shows the steps that a task has done; while it works, each as it ends, until the task does. Ctrl-C ends the looking, not the task. Exit code 1
if it did not end well.`,
	endsByInterrupt: true,
	run: ([number], options, context) =>
		withStore(context, async (store) => {
			const task = await chosenTask(store, String(number));
			let shown = show(task, await stepsOf(store, task), context);
			let now = task;
			while (now.state === "processing" && options.events !== true) {
				await context.clock.sleep(LOOK_MS, context.signal);
				now = (await tasksOf(store, task.deployment)).find((each) => each.task === task.task) ?? now;
				const steps = await stepsOf(store, now);
				for (const { outcome, action, object, detail } of steps.slice(shown)) {
					const seconds = typeof detail.durationMs === "number" ? ` (${(detail.durationMs / 1000).toFixed(1)} s)` : "";
					context.emit({ type: "note", text: `${outcome}: ${action} ${object}${seconds}` });
				}
				shown = Math.max(shown, steps.length);
			}
			if (task.state === "processing" && now.state !== "processing")
				context.emit(tableOf("task", TASK_COLUMNS, [shownTask(now)]));
			return now.state === "done" || now.state === "processing" ? 0 : 1;
		}),
};

/** How many steps were shown. */
function show(task: TaskRow, steps: Awaited<ReturnType<typeof stepsOf>>, { emit }: CliContext): number {
	emit(tableOf("task", TASK_COLUMNS, [shownTask(task)]));
	if (steps.length > 0) emit(tableOf("events", EVENT_COLUMNS, steps.map(shownEvent)));
	return steps.length;
}

async function stepsOf(store: SqliteStore, { task, deployment }: TaskRow) {
	const events = await store.events(deployment, Number.MAX_SAFE_INTEGER);
	return events.filter((event) => taskOf(event) === task && event.object !== deployment);
}

import { type Command, text } from "../command.ts";
import { countOf } from "../session/count-of.ts";
import { shownTask, TASK_COLUMNS, tasksOf } from "../session/tasks.ts";
import { withStore } from "../session/with-store.ts";

/** As BOSH shows with --recent. */
const LAST = 30;

export const command: Command = {
	arguments: "",
	options: [
		{ flags: "-d, --deployment <name>", about: "only those of this deployment, which may be gone" },
		{ flags: "--last <number>", about: `so many, the newest (default: ${LAST})` },
	],
	help: `Each run of a command that changed something, with its number: davit task N shows its steps, davit cancel-task N ends it. One that found
nothing to do is not listed. States are BOSH's: processing, done, error, cancelled.`,
	run: (_, options, context) =>
		withStore(context, async (store) => {
			const last = countOf(text(options, "last"), { fallback: LAST, what: "tasks" });
			const name = text(options, "deployment");
			const names = name === undefined ? await store.eventfulDeployments() : [name];
			const all = (await Promise.all(names.map((each) => tasksOf(store, each)))).flat();
			const newest = all.sort((a, b) => a.task - b.task).slice(-last);
			context.emit({ type: "table", name: "tasks", columns: TASK_COLUMNS, rows: newest.map(shownTask) });
			return 0;
		}),
};

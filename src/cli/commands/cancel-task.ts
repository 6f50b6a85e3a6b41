import process from "node:process";
import { problem, UserError } from "../../errors.ts";
import type { SqliteStore } from "../../state/sqlite.ts";
import type { LeaseHolder } from "../../state/state.ts";
import type { Command } from "../command.ts";
import { tableOf } from "../session/table-of.ts";
import { chosenTask, shownTask, TASK_COLUMNS, type TaskRow } from "../session/tasks.ts";
import { withStore } from "../session/with-store.ts";

/** Milliseconds between two looks at whether it has ended. */
const LOOK_MS = 200;

export const command: Command = {
	arguments: "<number>",
	options: [],
	help: `Ends a task that works, as Ctrl-C at its own terminal would: what runs is brought to a safe point, and the same command goes on from there. It
waits for that. A task that works on another machine is ended there.`,
	endsByInterrupt: true,
	run: ([number], _, context) =>
		withStore(context, async (store) => {
			const task = await chosenTask(store, String(number));
			const holder = await holderOf(store, task);
			if (!holder) {
				context.emit({ type: "note", text: `task ${task.task} does not work any more: ${task.state}` });
				return 0;
			}
			end(task, holder);
			context.emit({ type: "note", text: `${holder.holder} was told to stop; waiting until it has` });
			while (await holderOf(store, task)) await context.clock.sleep(LOOK_MS, context.signal);
			context.emit(tableOf("task", TASK_COLUMNS, [shownTask(await chosenTask(store, String(number)))]));
			return 0;
		}),
};

async function holderOf(store: SqliteStore, { task, deployment }: TaskRow): Promise<LeaseHolder | undefined> {
	const holder = await store.holder(deployment);
	return holder?.number === task ? holder : undefined;
}

function end({ task }: TaskRow, { pid, holder }: LeaseHolder): void {
	const code = "task-elsewhere";
	if (pid === undefined)
		throw new UserError(problem(code, `task ${task} works on another machine: ${holder}`, { hint: "end it there" }));
	try {
		process.kill(pid, "SIGINT");
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ESRCH") return;
		throw new UserError(
			problem(code, `task ${task} belongs to somebody else: ${holder}`, { hint: `as that user: kill -INT ${pid}` }),
		);
	}
}

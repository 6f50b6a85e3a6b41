import { problem, UserError } from "../../errors.ts";
import type { SqliteStore } from "../../state/sqlite.ts";
import { type CliContext, type Command, text } from "../command.ts";
import { countOf } from "../session/count-of.ts";
import { eventFilter, eventFilterOptions, objectType } from "../session/event-filter.ts";
import { EVENT_COLUMNS, shownEvent } from "../session/shown-event.ts";
import { tableOf } from "../session/table-of.ts";
import { withStore } from "../session/with-store.ts";

/** As many as a screen or two show. */
const LAST = 100;
const COLUMNS = ["id", ...EVENT_COLUMNS, "deployment"];

export const command: Command = {
	arguments: "",
	options: [
		{ flags: "-d, --deployment <name>", about: "only those of this deployment, which may be gone" },
		...eventFilterOptions,
		{ flags: "--last <number>", about: `so many, the newest (default: ${LAST})` },
		{ flags: "--verify", about: "check the chain of digests of all events of this state store instead" },
	],
	help: `Every step that was ever done to deployments, also to those that are gone: who, what, how it ended, how long it took, by which plan and in which
task. Of several filters, all must hold. Each event carries a digest of all before it: --verify ends with 1, and names the first that was changed
or taken away.

Example: davit events --after 2026-11-28T09:00:00Z --object-type vm --last 20`,
	run: (_, options, context) =>
		withStore(context, async (store) => {
			if (options.verify === true) return verify(store, context);
			const last = countOf(text(options, "last"), { fallback: LAST, what: "events" });
			const asked = eventFilter(options);
			const deployment = asked.deployment ?? context.env.DAVIT_DEPLOYMENT;
			const events = await store.findEvents({ ...asked, deployment }, last);
			const rows = events.map((event) => ({
				...{ id: event.id, ...shownEvent(event), deployment: event.deployment, object_type: objectType(event) },
			}));
			context.emit(tableOf("events", COLUMNS, rows));
			return 0;
		}),
};

async function verify(store: SqliteStore, { emit }: CliContext): Promise<number> {
	const broken = await store.firstBrokenEvent();
	if (broken === undefined) {
		emit({ type: "note", text: "all events are as they were written" });
		return 0;
	}
	const hint = "restore the state store from a backup, if you did not change it yourself";
	throw new UserError(problem("event-altered", `event ${broken} was changed, or one before it taken away`, { hint }));
}

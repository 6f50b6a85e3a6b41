import { problem, UserError } from "../../errors.ts";
import { type Command, text } from "../command.ts";
import { countOf } from "../session/count-of.ts";
import { EVENT_COLUMNS, shownEvent } from "../session/shown-event.ts";
import { chosenDeployment, deploymentOption } from "../session/store.ts";
import { tableOf } from "../session/table-of.ts";
import { withStore } from "../session/with-store.ts";

/** As many as a screen or two show. */
const LAST = 100;

export const command: Command = {
	arguments: "",
	options: [
		deploymentOption,
		{ flags: "--instance <group/index>", about: "only those about this instance" },
		{ flags: "--action <step>", about: "only steps of this kind, such as create-vm" },
		{ flags: "--last <number>", about: `so many, the newest (default: ${LAST})` },
		{ flags: "--verify", about: "check the chain of digests of all events of this state store instead" },
	],
	help: `Every step that was ever done to a deployment, also to one that is gone (-d names it): who, what, how it ended, how long it took, and by which plan. Each
event carries a digest of all before it: --verify ends with 1, and names the first that was changed or taken away.`,
	run: (_, options, context) =>
		withStore(context, async (store) => {
			if (options.verify === true) {
				const broken = await store.firstBrokenEvent();
				if (broken === undefined) {
					context.emit({ type: "note", text: "all events are as they were written" });
					return 0;
				}
				const hint = "restore the state store from a backup, if you did not change it yourself";
				throw new UserError(
					problem("event-altered", `event ${broken} was changed, or one before it taken away`, { hint }),
				);
			}
			const name = text(options, "deployment") ?? (await chosenDeployment(store, options, context.env));
			const [instance, action] = [text(options, "instance"), text(options, "action")];
			const last = countOf(text(options, "last"), { fallback: LAST, what: "events" });
			const filtered = instance !== undefined || action !== undefined;
			const events = await store.events(name, filtered ? Number.MAX_SAFE_INTEGER : last);
			const chosen = events.filter(
				(event) => (instance ?? event.object) === event.object && (action ?? event.action) === event.action,
			);
			context.emit(tableOf("events", EVENT_COLUMNS, chosen.slice(-last).map(shownEvent)));
			return 0;
		}),
};

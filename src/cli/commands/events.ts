import { problem, UserError } from "../../errors.ts";
import type { RecordedEvent } from "../../state/state.ts";
import { type Command, text } from "../command.ts";
import { chosenDeployment, deploymentOption } from "../session/store.ts";
import { tableOf } from "../session/table-of.ts";
import { withStore } from "../session/with-store.ts";

/** As many as a screen or two show. */
const LAST = 100;
const COLUMNS = ["time", "actor", "action", "object", "outcome", "seconds", "problems", "plan"];

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
			const last = countOf(text(options, "last"));
			const filtered = instance !== undefined || action !== undefined;
			const events = await store.events(name, filtered ? Number.MAX_SAFE_INTEGER : last);
			const chosen = events.filter(
				(event) => (instance ?? event.object) === event.object && (action ?? event.action) === event.action,
			);
			context.emit(tableOf("events", COLUMNS, chosen.slice(-last).map(rowOf)));
			return 0;
		}),
};

function rowOf({ at, actor, action, object, outcome, detail }: RecordedEvent) {
	const { durationMs, problems, plan } = detail;
	return {
		time: new Date(at).toISOString(),
		...{ actor, action, object, outcome },
		seconds: typeof durationMs === "number" ? (durationMs / 1000).toFixed(1) : undefined,
		problems,
		plan,
	};
}

function countOf(given: string | undefined): number {
	if (given === undefined) return LAST;
	if (/^[1-9]\d{0,8}$/.test(given)) return Number(given);
	throw new UserError(
		problem("usage", `--last ${given} is no number of events`, { hint: "write it as in --last 20" }),
		{
			exitCode: 64,
		},
	);
}

import { problem, UserError } from "../../errors.ts";
import type { Step } from "../../plan/step.ts";
import type { EventFilter } from "../../state/sqlite-events.ts";
import type { RecordedEvent } from "../../state/state.ts";
import { type Options, text } from "../command.ts";
import { timeOf } from "./time-of.ts";

type Action = Step["kind"] | "delete-disk" | "delete-snapshot" | "delete-stemcell";

/** BOSH's types of objects, with the steps that are about one. Begins and ends of tasks are about the deployment, all else about an instance. */
const STEPS_OF: Readonly<Record<string, readonly Action[]>> = {
	vm: ["create-vm", "delete-vm", "delete-orphan-vm", "delete-compilation-vm", "power-on", "bootstrap-vm", "swap-vm"],
	disk: [
		"create-disk",
		"attach-disk",
		"associate-disk",
		"detach-disk",
		"resize-disk",
		"copy-disk",
		"discard-copy",
		"orphan-disk",
		"delete-disk",
	],
	snapshot: ["snapshot-disk", "delete-snapshot"],
	stemcell: ["upload-stemcell", "delete-stemcell"],
	package: ["compile-package", "install-packages"],
	errand: ["errand"],
	variable: ["make-variables"],
};
const TYPES = ["deployment", "instance", ...Object.keys(STEPS_OF)];

/** Options of commands that choose among events: BOSH's. */
export const eventFilterOptions = [
	{ flags: "--before-id <number>", about: "only those with a lower number" },
	{ flags: "--before <time>", about: "only earlier ones, as in 2026-11-28T09:30:00Z; UTC unless it names a zone" },
	{ flags: "--after <time>", about: "only later ones" },
	{ flags: "--task <number>", about: "only those of this task" },
	{ flags: "--instance <group/index>", about: "only those about this instance" },
	{ flags: "--event-user <user>", about: "only what this user did: USER, or USER@HOST" },
	{ flags: "--action <step>", about: "only steps of this kind, such as create-vm" },
	{ flags: "--object-type <type>", about: `only those about a ${TYPES.join(", ")}` },
	{ flags: "--object-name <name>", about: "only those about the object of this name, as the column object shows it" },
] as const;

/** What the options ask for. Throws a UserError (exit code 64) that names all that can't be read. */
export function eventFilter(options: Options): EventFilter {
	const problems: UserError[] = [];
	const reading = <T>(read: () => T): T | undefined => {
		try {
			return read();
		} catch (error) {
			if (!(error instanceof UserError)) throw error;
			problems.push(error);
			return undefined;
		}
	};
	const objects = ["instance", "objectName"].flatMap((name) => text(options, name) ?? []);
	const filter = {
		deployment: text(options, "deployment"),
		beforeId: reading(() => numberOf(text(options, "beforeId"), "--before-id")),
		before: reading(() => timeOf(text(options, "before"), "--before")),
		after: reading(() => timeOf(text(options, "after"), "--after")),
		task: reading(() => numberOf(text(options, "task"), "--task")),
		objects,
		actor: text(options, "eventUser"),
		action: text(options, "action"),
		...reading(() => ofType(text(options, "objectType"))),
	};
	if (problems.length > 0)
		throw new UserError(
			problems.flatMap((error) => error.problems),
			{ exitCode: 64 },
		);
	return filter;
}

/** The type of what an event is about. */
export function objectType({ action, object, deployment }: RecordedEvent): string {
	if (object === deployment) return "deployment";
	const found = Object.entries(STEPS_OF).find(([, actions]) => (actions as readonly string[]).includes(action));
	return found?.[0] ?? "instance";
}

function ofType(type: string | undefined): Pick<EventFilter, "ofTasks" | "actionsIn" | "actionsOut"> {
	if (type === undefined) return {};
	if (type === "deployment") return { ofTasks: true };
	if (type === "instance") return { ofTasks: false, actionsOut: Object.values(STEPS_OF).flat() };
	if (TYPES.includes(type)) return { ofTasks: false, actionsIn: STEPS_OF[type] };
	throw new UserError(
		problem("usage", `--object-type ${type}: no event is about that`, { hint: `there are: ${TYPES.join(", ")}` }),
		{
			exitCode: 64,
		},
	);
}

function numberOf(given: string | undefined, flag: string): number | undefined {
	if (given === undefined || /^[1-9]\d{0,14}$/.test(given)) return given === undefined ? undefined : Number(given);
	throw new UserError(problem("usage", `${flag} ${given} is no number`, { hint: "davit events shows them" }), {
		exitCode: 64,
	});
}

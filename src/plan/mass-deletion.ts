import { type Problem, problem } from "../errors.ts";
import type { InstanceRecord } from "../state/state.ts";
import type { InstanceChange, Plan } from "./step.ts";

/** As much of a plan as tells what it deletes. */
interface Told extends Pick<Plan, "deployment"> {
	readonly changes: readonly Pick<InstanceChange, "instance" | "action">[];
}

/**
 * What nobody deletes in passing: whole groups that are more than half of a deployment, or a group while another one comes, as when it was
 * renamed. Undefined if the plan does neither.
 */
export function massDeletion({ changes, deployment }: Told, recorded: readonly InstanceRecord[]): Problem | undefined {
	const services = recorded.filter(({ lifecycle }) => lifecycle === "service").sort(byName);
	const deleted = new Set(changes.flatMap(({ action, instance }) => (action === "delete" ? instance : [])));
	const groups = Map.groupBy(services, ({ group }) => group);
	const gone = [...groups].filter(([, members]) => members.every((each) => deleted.has(nameOf(each))));
	const names = gone.flatMap(([, members]) => members.map(nameOf));
	const created = changes.flatMap(({ action, instance }) => (action === "create" ? groupOf(instance) : []));
	const [successor] = created.filter((group) => !groups.has(group));
	const [first] = gone;
	if (!first || (names.length * 2 <= services.length && successor === undefined)) return undefined;
	const list = names.map((name) => `\n  ${name}`).join("");
	const areReplaced = gone.every(([group]) => created.includes(group));
	const why = areReplaced
		? "all that their groups have, and makes others, as in other AZs"
		: "and no group of the manifest is theirs any more";
	const message = `${deployment}: this deletes ${names.length} of ${services.length} instances, ${why}:${list}`;
	const renamed = `if "${first[0]}" was renamed, write migrated_from: [{name: ${first[0]}}] in its new group`;
	const hint = `${successor === undefined ? "" : `${renamed}; `}if they are to go, run it again with --allow-deletions`;
	return problem("mass-deletion", message, { hint });
}

function nameOf({ group, index }: InstanceRecord): string {
	return `${group}/${index}`;
}

function groupOf(instance: string): string {
	return instance.slice(0, instance.lastIndexOf("/"));
}

function byName(a: InstanceRecord, b: InstanceRecord): number {
	if (a.group === b.group) return a.index - b.index;
	return a.group < b.group ? -1 : 1;
}

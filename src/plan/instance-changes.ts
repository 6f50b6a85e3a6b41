import type { InstanceRecord } from "../state/state.ts";
import type { InstanceDiff } from "./diff-instance.ts";
import type { InstanceChange, InstanceName } from "./step.ts";

interface Changing {
	readonly diffs: readonly InstanceDiff[];
	/** Instances that nobody wants any more. */
	readonly obsolete: readonly { readonly record: InstanceRecord }[];
}

/** What a plan does to each instance that it changes, and why. */
export function changesOf({ diffs, obsolete }: Changing, canaries: ReadonlySet<InstanceName>): InstanceChange[] {
	const changed = diffs.flatMap((diff): InstanceChange[] => {
		if (diff.action === "keep") return [];
		const action = actionOf(diff);
		const { name } = diff.desired;
		return [{ instance: name, action, ...(canaries.has(name) ? { canary: true } : {}), reasons: diff.reasons }];
	});
	return [
		...changed,
		...obsolete.map(
			({ record }): InstanceChange => ({
				instance: `${record.group}/${record.index}`,
				action: "delete",
				reasons: [{ reason: "obsolete" }],
			}),
		),
	];
}

function actionOf({ action, vm, reasons, desired }: InstanceDiff): InstanceChange["action"] {
	if (action === "update" && (vm === "replace" || vm === "swap")) return "recreate";
	if (action === "update" && reasons.every(({ reason }) => reason === "state"))
		return desired.record?.wanted === "started" ? "start" : "stop";
	return action === "keep" ? "names" : action;
}

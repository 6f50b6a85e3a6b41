import type { DesiredInstance } from "./desired.ts";
import type { InstanceDiff, Observed, WhyChanged } from "./diff-instance.ts";

/** What there is to do for an instance that is to be stopped, and nothing else of it. */
export function stopDiff(desired: DesiredInstance, observed: Observed): InstanceDiff {
	if (desired.record?.wanted === "detached") return detachDiff(desired, observed);
	const machine = observed.machines.get(desired.name);
	const reachable = machine?.reachable === true;
	const diff = (...reasons: readonly WhyChanged[]): InstanceDiff => {
		return { desired, action: reasons.length > 0 ? "update" : "keep", vm: "keep", reasons, reachable };
	};
	const runs = stillRuns(machine?.reachable ? machine.activeProcesses : []);
	if (runs.length === 0 && reachable && desired.record?.dirty && !desired.record.atRest)
		return diff({ reason: "state", detail: "its stop did not finish" });
	return diff(...runs);
}

/** An instance that was stopped with its VM has none, until it is started. */
export function detachDiff(desired: DesiredInstance, observed: Observed): InstanceDiff {
	const reachable = observed.machines.get(desired.name)?.reachable === true;
	const vm = desired.record?.vm;
	if (!vm) return { desired, action: "keep", vm: "keep", reasons: [], reachable };
	const detail = `it is stopped with its VM, and VM ${vm.cid} is there`;
	return { desired, action: "update", vm: "remove", reasons: [{ reason: "state", detail }], reachable };
}

/** Processes of an instance that is stopped. */
export function stillRuns(active: readonly string[]): readonly WhyChanged[] {
	if (active.length === 0) return [];
	return [
		{ reason: "state", detail: `it is stopped, and ${active.join(", ")} ${active.length === 1 ? "runs" : "run"}` },
	];
}

import type { DesiredInstance } from "./desired.ts";
import type { InstanceName, Step } from "./step.ts";

/**
 * Steps after which the last good state can't be brought back by deploying it again: an instance has lost its persistent disk (another would
 * get an empty one), has another one that is to be written to (the way back is another copy, which may not fit), one that can't be copied has grown, or a job whose `undo` is
 * `never` may have changed its data.
 */
export function irreversibleSteps(
	steps: readonly Step[],
	desired: ReadonlyMap<InstanceName, DesiredInstance>,
): readonly Step[] {
	return steps.filter((step) => {
		if (step.kind === "orphan-disk" || step.kind === "copy-disk") return true;
		if (step.kind === "resize-disk" && step.name !== undefined) return true;
		if (step.kind !== "pre-start" || step.instance === undefined) return false;
		const never = desired.get(step.instance)?.jobs.filter(({ ref }) => ref.undo === "never") ?? [];
		return never.some(({ job }) => step.jobs.includes(job.name));
	});
}

import { type Problem, problem, UserError } from "../../errors.ts";
import type { InstanceRecord } from "../../state/state.ts";

/** Refuses to work on records in which two instances have one VM: whatever is done to one would be done to the other. Throws a UserError. */
export function refuseSharedVms(instances: readonly InstanceRecord[]): void {
	const withVms = instances.filter(({ vm }) => vm !== undefined);
	const byVm = Map.groupBy(withVms, ({ vm }) => JSON.stringify([vm?.cpi, vm?.cid]));
	const problems = [...byVm.values()].flatMap((all): readonly Problem[] => {
		if (all.length < 2) return [];
		const names = all.map(({ group, index }) => `${group}/${index}`).join(" and ");
		return [
			problem("shared-vm", `${names} are recorded with the same VM, ${all[0]?.vm?.cid}: nothing is done to it`, {
				hint: "the state store was changed by hand, or the cloud gave a cid twice; restore the store from a backup (davit state backup makes one)",
			}),
		];
	});
	if (problems.length > 0) throw new UserError(problems);
}

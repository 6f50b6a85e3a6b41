import type { VmCid } from "../cpi/cpi.ts";
import type { InstanceRecord } from "../state/state.ts";
import type { Step } from "./step.ts";

/** A VM that is deleted: nobody recorded it, or it is recorded beside an instance's own. */
export interface UnwantedVm {
	readonly cid: VmCid;
	readonly cpi: string;
	/** For people: its instance's, or the one that the cloud has. */
	readonly name: string;
}

/** VMs that runs which were cut short have left beside the instances' own: made and never taken, or taken the place of. Ignored instances keep them. */
export function spareVms(records: readonly InstanceRecord[]): readonly UnwantedVm[] {
	return records
		.filter(({ ignore }) => !ignore)
		.flatMap(({ group, index, nextVm, formerVm }) =>
			[nextVm, formerVm].flatMap((vm) => (vm ? [{ cid: vm.cid, cpi: vm.cpi, name: `${group}/${index}` }] : [])),
		);
}

/** Every VM that an instance's record names. */
export function recordedVms({ vm, nextVm, formerVm }: InstanceRecord): readonly VmCid[] {
	return [vm, nextVm, formerVm].flatMap((each) => (each ? [each.cid] : []));
}

/** The step that deletes it, once for all that it may be. */
export function deleteUnwanted({ cid, cpi, name }: UnwantedVm): Step {
	const title = `Deleting VM ${cid} (${name}), which an interrupted run left behind`;
	return { kind: "delete-orphan-vm", id: `delete-orphan-vm ${cid}`, title, after: [], cid, cpi };
}

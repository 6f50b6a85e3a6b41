import { problem, UserError } from "../../errors.ts";
import type { Cloud } from "../../manifest/cloud.ts";
import type { Deployment } from "../../manifest/deployment.ts";
import { type FoundInstance, type Matched, matchDisks } from "../../plan/found-disks.ts";
import { claimOf, instancesOf, type LeftVm, numberOf } from "../../plan/found-vms.ts";
import type { InstanceName } from "../../plan/step.ts";
import type { Entered } from "./adopt-enter.ts";
import type { Found } from "./adopt-find.ts";

export interface Adoption {
	readonly instances: ReadonlyMap<InstanceName, FoundInstance>;
	readonly matched: Matched;
	/** VMs that no record will name: the next deploy deletes them. */
	readonly left: readonly LeftVm[];
	/** The highest fencing number that VMs know and keys hold. */
	readonly fence: number;
}

interface MatchInput {
	readonly found: Found;
	readonly asked: Entered;
	readonly deployment: Deployment;
	readonly cloud: Cloud;
	readonly now: number;
}

/** What was found, as instances with their VMs and disks. */
export function matchFound({ found, asked, deployment, cloud, now }: MatchInput): Adoption {
	const holders = new Set(found.disks.map(({ disk }) => disk.attachedTo as string | undefined));
	const chosen = instancesOf(asked.entered, deployment, { hasDisk: ({ cid }) => holders.has(cid), now });
	const instances = new Map<InstanceName, FoundInstance>(
		[...chosen.instances].map(([name, own]) => [name, { ...own, vms: new Set([own.from.vm.cid]) }]),
	);
	for (const silent of asked.left) {
		if (chosen.instances.has(silent.instance)) continue;
		const { vm, ...record } = claimOf(silent, deployment, cloud);
		const vms = new Set([...(instances.get(silent.instance)?.vms ?? []), silent.vm.cid]);
		if (vm && record.id !== "") instances.set(silent.instance, { record, vms });
	}
	const keys = [...found.vms.map(({ vm }) => vm.key), ...found.disks.map(({ disk }) => disk.key)];
	return {
		instances,
		matched: matchDisks(found.disks, instances, { deployment, now }),
		left: [...asked.left, ...chosen.left],
		fence: Math.max(0, ...keys.map(numberOf), ...asked.entered.map(({ probe }) => probe.fence)),
	};
}

/** A VM that does not answer may be well: that it is deleted is not decided in passing, and never for a wrong key. Exit code 4. */
export function refuseSilentVms(left: readonly LeftVm[], { fix }: { readonly fix: boolean }): void {
	const refused = left
		.filter(({ refusesKey }) => refusesKey || !fix)
		.toSorted((a, b) => a.instance.localeCompare(b.instance, "en", { numeric: true }));
	if (refused.length === 0) return;
	const key = "give a key with --private-key that this user has on the VM, by the cloud's own means if there is none";
	const mend =
		"power it on or mend what stands in the way, and adopt again; with --fix it is left out: the next deploy deletes it and makes another, and its persistent disk is kept";
	const problems = refused.map(({ instance, vm, why, refusesKey }) =>
		problem("not-adoptable", `${instance}: VM ${vm.cid}: ${why}`, { hint: refusesKey ? key : mend }),
	);
	throw new UserError(problems, { exitCode: 4 });
}

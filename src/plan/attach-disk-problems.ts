import { type Problem, problem } from "../errors.ts";
import type { InstanceGroup } from "../manifest/deployment.ts";
import type { DiskRecord, InstanceRecord } from "../state/state.ts";

export interface AttachDiskAsked {
	readonly instance: InstanceRecord;
	/** Of the recorded manifest; undefined if it has the group no more. */
	readonly group: InstanceGroup | undefined;
	/** What was given for a disk. */
	readonly cid: string;
	/** The disk of that cid, whoever has it. */
	readonly disk: DiskRecord | undefined;
	readonly orphans: readonly DiskRecord[];
}

/** Everything that keeps an instance from getting a disk, as far as records tell. */
export function attachDiskProblems({ instance, group, cid, disk, orphans }: AttachDiskAsked): Problem[] {
	const name = `${instance.group}/${instance.index}`;
	const problems: Problem[] = [];
	if (!hasPersistentDisk(group))
		problems.push(
			problem(
				"no-persistent-disk",
				`${name}: the manifest gives instance group "${instance.group}" no persistent disk`,
				{
					hint: "add persistent_disk or persistent_disk_type to it, and deploy",
				},
			),
		);
	if (!instance.vm)
		problems.push(problem("no-vm", `${name} has no VM`, { hint: "davit deploy makes it; attach the disk then" }));
	if (!disk) return [...problems, noDisk(cid, orphans)];
	if (disk.orphanedAt === undefined) {
		if (disk.instance !== instance.id) problems.push(inUse(disk));
		return problems;
	}
	const cpi = instance.vm?.cpi;
	if (cpi !== undefined && disk.cpi !== cpi)
		problems.push(
			problem("other-cpi", `disk ${cid} is at the cloud of CPI "${disk.cpi}", and ${name} at that of "${cpi}"`, {
				hint: "copy its contents over the network instead",
			}),
		);
	else if (disk.az !== instance.az)
		problems.push(
			problem("other-az", `disk ${cid} is in AZ "${disk.az}", and ${name} in "${instance.az}"`, {
				hint: "a disk can't be attached across AZs: choose an instance in its AZ",
			}),
		);
	return problems;
}

function hasPersistentDisk(group: InstanceGroup | undefined): boolean {
	const wanted = group?.persistentDisk;
	return wanted !== undefined && !("sizeMib" in wanted && wanted.sizeMib === 0);
}

function noDisk(cid: string, orphans: readonly DiskRecord[]): Problem {
	const known = orphans.map((orphan) => `${orphan.cid} (${orphan.deployment} ${orphan.instanceName})`).join(", ");
	return problem("no-disk", `there is no disk "${cid}"`, {
		hint: known === "" ? "no disk is orphaned" : `orphaned are: ${known}`,
	});
}

function inUse({ cid, instanceName, deployment }: DiskRecord): Problem {
	return problem("disk-in-use", `disk ${cid} is attached to ${instanceName} of deployment "${deployment}"`, {
		hint: "only an orphaned disk can be attached: davit disks --orphaned lists them",
	});
}

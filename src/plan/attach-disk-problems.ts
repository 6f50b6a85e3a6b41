import { type Problem, problem } from "../errors.ts";
import type { InstanceGroup } from "../manifest/deployment.ts";
import type { DiskRecord, InstanceRecord } from "../state/state.ts";

export interface AttachDiskAsked {
	readonly instance: InstanceRecord;
	/** Of the recorded manifest; undefined if it has the group no more. */
	readonly group: InstanceGroup | undefined;
	/** What was given for a disk. */
	readonly cid: string;
	/** Which of the group's `persistent_disks` it is to be, as `whichDisk` tells. */
	readonly as: string | undefined;
	/** The disk of that cid, whoever has it. */
	readonly disk: DiskRecord | undefined;
	readonly orphans: readonly DiskRecord[];
}

/** The name that was given; else, where the group has several disks, the one that the disk had. Undefined: the disk at /var/vcap/store. */
export function whichDisk(
	group: InstanceGroup | undefined,
	disk: DiskRecord | undefined,
	given: string | undefined,
): string | undefined {
	return given ?? group?.persistentDisks.find(({ name }) => name === disk?.name)?.name;
}

/** Everything that keeps an instance from getting a disk, as far as records tell. */
export function attachDiskProblems({ instance, group, cid, as, disk, orphans }: AttachDiskAsked): Problem[] {
	const name = `${instance.group}/${instance.index}`;
	const problems: Problem[] = [...placeProblems(instance, group, as)];
	if (!instance.vm)
		problems.push(problem("no-vm", `${name} has no VM`, { hint: "davit deploy makes it; attach the disk then" }));
	if (!disk) return [...problems, noDisk(cid, orphans)];
	if (disk.orphanedAt === undefined) {
		if (disk.instance !== instance.id || disk.name !== as || disk.copyOf) problems.push(inUse(disk));
		return problems;
	}
	if (disk.copyOf?.whole === false) problems.push(halfCopy(cid, disk.copyOf.disk));
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

/** The manifest must have the disk that it is to be. */
function placeProblems(
	instance: InstanceRecord,
	group: InstanceGroup | undefined,
	as: string | undefined,
): readonly Problem[] {
	const { persistentDisk, persistentDisks = [] } = group ?? {};
	const names = persistentDisks.map((disk) => disk.name);
	const gives = `${instance.group}/${instance.index}: the manifest gives instance group "${instance.group}"`;
	if (as !== undefined && names.includes(as)) return [];
	if (as !== undefined) {
		const hint = `add it to persistent_disks, and deploy${names.length > 0 ? `; there are: ${names.join(", ")}` : ""}`;
		return [problem("no-persistent-disk", `${gives} no persistent disk "${as}"`, { hint })];
	}
	if (names.length > 0) {
		const hint = `say which it is to be: ${names.map((name) => `--name ${name}`).join(" or ")}`;
		return [problem("which-disk", `${gives} persistent disks that have names`, { hint })];
	}
	if (persistentDisk && !("sizeMib" in persistentDisk && persistentDisk.sizeMib === 0)) return [];
	const hint = "add persistent_disk or persistent_disk_type to it, and deploy";
	return [problem("no-persistent-disk", `${gives} no persistent disk`, { hint })];
}

/** Neither davit nor, if that was asked, the cloud has it. */
export function noDisk(cid: string, orphans: readonly DiskRecord[]): Problem {
	const known = orphans.map((orphan) => `${orphan.cid} (${orphan.deployment} ${orphan.instanceName})`).join(", ");
	return problem("no-disk", `there is no disk "${cid}"`, {
		hint: `${known === "" ? "no disk is orphaned" : `orphaned are: ${known}`}; one that davit did not make, as from a snapshot, needs --disk-properties copy`,
	});
}

/** It was being written when its run was cut short: files on it may be missing, or be half of what they were. */
function halfCopy(cid: string, source: string): Problem {
	return problem("half-copy", `disk ${cid} is a copy of disk ${source} that was never finished`, {
		hint: `attach ${source}, which has all of it, and delete the copy: davit delete-disk ${cid}`,
	});
}

function inUse({ cid, instanceName, deployment }: DiskRecord): Problem {
	return problem("disk-in-use", `disk ${cid} is attached to ${instanceName} of deployment "${deployment}"`, {
		hint: "only an orphaned disk can be attached: davit disks --orphaned lists them",
	});
}

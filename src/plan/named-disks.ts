import type { Cloud } from "../manifest/cloud.ts";
import type { InstanceGroup } from "../manifest/deployment.ts";
import type { DiskRecord, InstanceRecord } from "../state/state.ts";
import type { NamedDisk } from "./desired.ts";
import type { InstanceDisk } from "./step.ts";

/** The disks of its `persistent_disks` that a group's instance is to have; those whose type the cloud file lacks are left out. */
export function namedDisks(
	{ persistentDisks }: InstanceGroup,
	{ diskTypes }: Cloud,
	former: (name: string) => DiskRecord | undefined,
): readonly NamedDisk[] {
	return persistentDisks.flatMap(({ name, type }): readonly NamedDisk[] => {
		const found = diskTypes.find((each) => each.name === type);
		if (!found) return [];
		const { sizeMib, cloudProperties } = found;
		const recorded = former(name);
		return [{ name, sizeMib, cloudProperties, ...(recorded ? { former: recorded } : {}) }];
	});
}

/** A disk's name, as part of a record or a step; none for the one at /var/vcap/store. */
export function named(name: string | undefined): { readonly name?: string } {
	return name === undefined ? {} : { name };
}

/** All persistent disks that an instance has. */
export function disksOf({ disk, disks = {} }: Pick<InstanceRecord, "disk" | "disks">): readonly InstanceDisk[] {
	const named = Object.entries(disks).map(([name, cid]) => ({ name, disk: cid }));
	return [...(disk === undefined ? [] : [{ disk }]), ...named];
}

import { named } from "../plan/named-disks.ts";
import type { InstanceName } from "../plan/step.ts";
import type { Change, DiskRecord } from "../state/state.ts";
import type { Records } from "./records.ts";

/** No instance has the disk any more, and what was being copied from it is not gone on with. */
export function orphaned(disk: DiskRecord, records: Records, now: number): readonly Change[] {
	const copy = records.copyOf(disk.cid);
	return [disk, ...(copy ? [copy] : [])].map((each) => records.putDisk({ ...each, orphanedAt: now }));
}

/** The instance has the orphaned disk from now on; the one that it had is orphaned. All or nothing of it is to be written. */
export function unorphanDisk(
	instance: InstanceName,
	{ name, disk }: { readonly disk: DiskRecord; readonly name?: string | undefined },
	{ records, deployment, now }: { readonly records: Records; readonly deployment: string; readonly now: number },
): readonly Change[] {
	const record = records.get(instance);
	const had = name === undefined ? record.disk : record.disks?.[name];
	const former = had === undefined || had === disk.cid ? undefined : records.disk(had);
	const { orphanedAt: _, copyOf: __, name: ___, ...kept } = disk;
	return [
		...(former ? orphaned(former, records, now) : []),
		...records.giveDisk(
			instance,
			{ ...kept, deployment, instance: record.id, instanceName: instance, ...named(name) },
			{ dirty: true },
		),
	];
}

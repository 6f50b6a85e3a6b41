import type { InstanceName } from "../plan/step.ts";
import type { Change, DiskRecord } from "../state/state.ts";
import type { Records } from "./records.ts";

/** The instance has the orphaned disk from now on; the one that it had is orphaned. All or nothing of it is to be written. */
export function unorphanDisk(
	instance: InstanceName,
	disk: DiskRecord,
	{ records, deployment, now }: { readonly records: Records; readonly deployment: string; readonly now: number },
): readonly Change[] {
	const record = records.get(instance);
	const former = record.disk === undefined || record.disk === disk.cid ? undefined : records.disk(record.disk);
	const { orphanedAt: _, ...kept } = disk;
	return [
		...(former ? [records.putDisk({ ...former, orphanedAt: now })] : []),
		records.putDisk({ ...kept, deployment, instance: record.id, instanceName: instance }),
		records.update(instance, { disk: disk.cid, dirty: true }),
	];
}

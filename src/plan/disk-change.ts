import type { DiskCid } from "../cpi/cpi.ts";
import { digestOf } from "../digest.ts";
import type { DiskRecord } from "../state/state.ts";
import type { DesiredDisk, DesiredInstance } from "./desired.ts";

/** How an instance's persistent disk becomes what is wanted: in place, or by copying what is on it to another one, as BOSH does. */
export interface DiskChange {
	readonly how: "grow" | "copy";
	readonly detail: string;
}

/** Undefined: the instance has no disk, wants none, or has what it wants. A property that isn't known of the recorded disk is taken to be right. */
export function diskChange(
	{ disk, formerDisk }: Pick<DesiredInstance, "disk" | "formerDisk">,
	canResize: (cpi: string) => boolean,
): DiskChange | undefined {
	if (!disk || !formerDisk) return undefined;
	const { sizeMib, cpi, cannotGrow } = formerDisk;
	const size = sizeMib === disk.sizeMib ? [] : [`${sizeMib} MiB → ${disk.sizeMib} MiB`];
	const other = [
		...(isOfType(formerDisk, disk) ? [] : ["other cloud properties"]),
		...(hasFileSystem(formerDisk, disk) ? [] : [`${formerDisk.fileSystem} → ${disk.fileSystem}`]),
	];
	const detail = [...size, ...other].join(", ");
	if (detail === "") return undefined;
	if (other.length === 0 && sizeMib < disk.sizeMib && canResize(cpi) && !cannotGrow) return { how: "grow", detail };
	return { how: "copy", detail: `${detail}; it is copied to another disk` };
}

/** True if a recorded disk is what is wanted. */
export function isAsWanted(record: DiskRecord, disk: DesiredDisk): boolean {
	return record.sizeMib === disk.sizeMib && isOfType(record, disk) && hasFileSystem(record, disk);
}

function isOfType({ cloudProperties }: DiskRecord, disk: DesiredDisk): boolean {
	return cloudProperties === undefined || digestOf(cloudProperties) === digestOf(disk.cloudProperties);
}

function hasFileSystem({ fileSystem }: DiskRecord, disk: DesiredDisk): boolean {
	return fileSystem === undefined || fileSystem === disk.fileSystem;
}

/** By the disk that is being copied: the one that it is copied to. */
export function copiesOf(disks: readonly DiskRecord[]): ReadonlyMap<DiskCid, DiskRecord> {
	return new Map(
		disks.flatMap((disk) => (disk.copyOf && disk.orphanedAt === undefined ? [[disk.copyOf.disk, disk] as const] : [])),
	);
}

/** A file system keeps some of a disk for itself: what of it files may take at most is planned with. */
const FOR_FILES = 0.9;

/** MiB of files that a disk of this size takes for certain. */
export function roomOn(sizeMib: number): number {
	return Math.floor(sizeMib * FOR_FILES);
}

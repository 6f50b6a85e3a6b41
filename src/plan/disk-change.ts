import type { DiskCid } from "../cpi/cpi.ts";
import { digestOf } from "../digest.ts";
import type { DiskRecord } from "../state/state.ts";
import type { DesiredDisk, DesiredInstance, NamedDisk } from "./desired.ts";

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
	const other = hasFileSystem(formerDisk, disk) ? [] : [`${formerDisk.fileSystem} → ${disk.fileSystem}`];
	const change = inPlace(formerDisk, disk, other, canResize);
	return change?.how === "copy" ? { how: "copy", detail: `${change.detail}; it is copied to another disk` } : change;
}

/** The same of a named disk: where it is not `grow`, there is no way, since nobody but the jobs knows how to read it. */
export function namedDiskChange(disk: NamedDisk, canResize: (cpi: string) => boolean): DiskChange | undefined {
	return disk.former && inPlace(disk.former, disk, [], canResize);
}

type Sized = Pick<DesiredDisk, "sizeMib" | "cloudProperties">;

/** `grow` where the cloud can do it. `also`: what else is to be other, for which there is no way in place. */
function inPlace(
	former: DiskRecord,
	disk: Sized,
	also: readonly string[],
	canResize: (cpi: string) => boolean,
): DiskChange | undefined {
	const { sizeMib, cpi, cannotGrow } = former;
	const size = sizeMib === disk.sizeMib ? [] : [`${sizeMib} MiB → ${disk.sizeMib} MiB`];
	const other = [...(isOfType(former, disk) ? [] : ["other cloud properties"]), ...also];
	const detail = [...size, ...other].join(", ");
	if (detail === "") return undefined;
	const grows = other.length === 0 && sizeMib < disk.sizeMib && canResize(cpi) && !cannotGrow;
	return { how: grows ? "grow" : "copy", detail };
}

/** True if a recorded disk is what is wanted. */
export function isAsWanted(record: DiskRecord, disk: DesiredDisk): boolean {
	return record.sizeMib === disk.sizeMib && isOfType(record, disk) && hasFileSystem(record, disk);
}

function isOfType({ cloudProperties }: DiskRecord, disk: Sized): boolean {
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

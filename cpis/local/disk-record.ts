import { join } from "node:path";
import type { DiskCid, Owner, VmCid } from "../../src/cpi/cpi.ts";
import type { Ids } from "./config.ts";
import { readRecord, readRecords, shortDigest, writeRecord } from "./folders.ts";
import type { Machine } from "./machine.ts";
import { isCid } from "./vm-record.ts";

/** What `disk.json` keeps of a persistent disk; its contents are the folder `data` beside it. */
export interface DiskRecord {
	readonly cid: DiskCid;
	readonly key: string;
	readonly owner: Owner;
	readonly sizeMib: number;
	readonly metadata: Readonly<Record<string, string>>;
	/** Whose ids its files carry; known since it was first attached. */
	readonly ids?: Ids;
	readonly attached?: { readonly vm: VmCid; readonly mountPoint: string };
}

/** The same key gives the same disk. */
export function diskCid(key: string): DiskCid {
	return `disk-${shortDigest(key)}` as DiskCid;
}

export function diskFolder(machine: Machine, cid: DiskCid): string {
	return join(machine.folder, "disks", cid);
}

export function readDisk(machine: Machine, cid: DiskCid): DiskRecord | undefined {
	return isCid("disk", cid) ? readRecord<DiskRecord>(join(diskFolder(machine, cid), "disk.json")) : undefined;
}

export function writeDisk(machine: Machine, record: DiskRecord): void {
	writeRecord(join(diskFolder(machine, record.cid), "disk.json"), record);
}

export function readDisks(machine: Machine): readonly DiskRecord[] {
	return readRecords<DiskRecord>(join(machine.folder, "disks"), "disk.json");
}

/** A VM's disks and where it has them. */
export function attachedDisks(machine: Machine, vm: VmCid): readonly { cid: DiskCid; mountPoint: string }[] {
	return readDisks(machine).flatMap(({ cid, attached }) =>
		attached?.vm === vm ? [{ cid, mountPoint: attached.mountPoint }] : [],
	);
}

import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Call } from "../../src/cpi/call.ts";
import type { DiskCid, Owner, SnapshotCid } from "../../src/cpi/cpi.ts";
import type { Ids } from "./config.ts";
import { diskFolder, readDisk } from "./disk-record.ts";
import { localError } from "./errors.ts";
import { readRecord, readRecords, shortDigest, writeRecord } from "./folders.ts";
import type { Machine } from "./machine.ts";
import { removeFolder } from "./remove-folder.ts";
import { runWithIds } from "./run-with-ids.ts";
import { isCid } from "./vm-record.ts";

export interface SnapshotRecord {
	readonly cid: SnapshotCid;
	readonly key: string;
	readonly owner: Owner;
	readonly disk: DiskCid;
	readonly sizeMib: number;
	readonly ids: Ids;
	readonly complete: boolean;
	readonly metadata: Readonly<Record<string, string>>;
}

function snapshotFolder(machine: Machine, cid: SnapshotCid): string {
	return join(machine.folder, "snapshots", cid);
}

export function readSnapshots(machine: Machine): readonly SnapshotRecord[] {
	return readRecords<SnapshotRecord>(join(machine.folder, "snapshots"), "snapshot.json");
}

/** Copies a disk's folder, sharing its blocks where the file system can. Under the disk's lock. */
export async function snapshotDisk(
	call: Call,
	machine: Machine,
	cid: DiskCid,
	request: { readonly key: string; readonly owner: Owner; readonly metadata: Readonly<Record<string, string>> },
): Promise<SnapshotCid> {
	const disk = readDisk(machine, cid);
	if (!disk) throw localError("not-found", call.operation, `there is no disk ${cid}`);
	const snapshot = `snapshot-${shortDigest(request.key)}` as SnapshotCid;
	const folder = snapshotFolder(machine, snapshot);
	const file = join(folder, "snapshot.json");
	if (readRecord<SnapshotRecord>(file)?.complete) return snapshot;
	const ids = disk.ids ?? "one";
	const { key, owner, metadata } = request;
	const record = { cid: snapshot, key, owner, disk: cid, sizeMib: disk.sizeMib, ids, metadata };
	await removeFolder(call, machine, ids, folder, "snapshot.json");
	mkdirSync(folder, { recursive: true, mode: 0o700 });
	chmodSync(folder, 0o700);
	writeRecord(file, { ...record, complete: false } satisfies SnapshotRecord);
	call.doing(`disk ${cid} was copied`);
	const argv = ["cp", "-a", "--reflink=auto", "--", join(diskFolder(machine, cid), "data"), folder];
	const { code, output } = await runWithIds(call, machine, ids, argv);
	if (code !== 0) {
		await removeFolder(call, machine, ids, folder, "snapshot.json");
		throw localError("unavailable", call.operation, `disk ${cid} could not be copied: ${output}`, { retryable: false });
	}
	writeRecord(file, { ...record, complete: true } satisfies SnapshotRecord);
	return snapshot;
}

export async function deleteSnapshot(call: Call, machine: Machine, cid: SnapshotCid): Promise<void> {
	if (!isCid("snapshot", cid)) return;
	const folder = snapshotFolder(machine, cid);
	const record = readRecord<SnapshotRecord>(join(folder, "snapshot.json"));
	if (record) await removeFolder(call, machine, record.ids, folder, "snapshot.json");
	else rmSync(folder, { recursive: true, force: true });
}

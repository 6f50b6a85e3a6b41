import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Owner, StemcellCid, StemcellImage } from "../../src/cpi/cpi.ts";
import { readRecord, readRecords, shortDigest, writeRecord } from "./folders.ts";
import type { Machine } from "./machine.ts";
import { isCid } from "./vm-record.ts";

export interface StemcellRecord {
	readonly cid: StemcellCid;
	readonly key: string;
	readonly owner: Owner;
	readonly os: string;
	readonly version: string;
}

function stemcellFolder(machine: Machine, cid: StemcellCid): string {
	return join(machine.folder, "stemcells", cid);
}

export function readStemcells(machine: Machine): readonly StemcellRecord[] {
	return readRecords<StemcellRecord>(join(machine.folder, "stemcells"), "stemcell.json");
}

/** Embedded VMs run on the host's own system: a stemcell is only remembered by name. */
export function createStemcell(machine: Machine, { key, owner, os, version }: StemcellImage): StemcellCid {
	const cid = `stemcell-${shortDigest(key)}` as StemcellCid;
	writeRecord(join(stemcellFolder(machine, cid), "stemcell.json"), {
		cid,
		key,
		owner,
		os,
		version,
	} satisfies StemcellRecord);
	return cid;
}

export function hasStemcell(machine: Machine, cid: StemcellCid): boolean {
	return isCid("stemcell", cid) && readRecord(join(stemcellFolder(machine, cid), "stemcell.json")) !== undefined;
}

export function deleteStemcell(machine: Machine, cid: StemcellCid): void {
	if (isCid("stemcell", cid)) rmSync(stemcellFolder(machine, cid), { recursive: true, force: true });
}

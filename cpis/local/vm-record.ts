import { join } from "node:path";
import type { Owner, ResourceUse, VmCid, VmRequest } from "../../src/cpi/cpi.ts";
import type { VmInterface } from "./addresses.ts";
import type { Ids } from "./config.ts";
import { readRecord, readRecords, shortDigest, writeRecord } from "./folders.ts";
import type { Machine } from "./machine.ts";
import { isAlive, type ProcessId, readProcesses } from "./processes.ts";

/** What `vm.json` keeps of a VM. Written before anything of it is started. */
export interface VmRecord {
	readonly cid: VmCid;
	readonly key: string;
	readonly owner: Owner;
	readonly name: string;
	readonly interfaces: readonly VmInterface[];
	readonly hostname: string;
	readonly ids: Ids;
	/** False until its first boot has succeeded. */
	readonly complete: boolean;
	readonly metadata: VmRequest["metadata"];
	/** What it was asked to have. Absent: nothing was said, or an older davit made it. */
	readonly resources?: readonly ResourceUse[];
}

/** The same key gives the same VM. */
export function vmCid(key: string): VmCid {
	return `vm-${shortDigest(key)}` as VmCid;
}

/** Any text may be asked for as a cid; only our own form leads to a folder. */
export function isCid(kind: "vm" | "disk" | "snapshot" | "stemcell", cid: string): boolean {
	return new RegExp(`^${kind}-[0-9a-f]{16}$`).test(cid);
}

export function vmFolder(machine: Machine, cid: VmCid): string {
	return join(machine.folder, "vms", cid);
}

export function readVm(machine: Machine, cid: VmCid): VmRecord | undefined {
	return isCid("vm", cid) ? readRecord<VmRecord>(join(vmFolder(machine, cid), "vm.json")) : undefined;
}

export function writeVm(machine: Machine, record: VmRecord): void {
	writeRecord(join(vmFolder(machine, record.cid), "vm.json"), record);
}

export function readVms(machine: Machine): readonly VmRecord[] {
	return readRecords<VmRecord>(join(machine.folder, "vms"), "vm.json");
}

/** The VM's first process and its monitor, if the VM is powered on. */
export function vmProcesses(machine: Machine, cid: VmCid): { first: ProcessId; monitor: ProcessId } | undefined {
	const [first, monitor] = readProcesses(join(vmFolder(machine, cid), "process"));
	return first && monitor && isAlive(first) ? { first, monitor } : undefined;
}

export function sameOwner(one: Owner, other: Owner): boolean {
	return one.store === other.store && one.deployment === other.deployment;
}

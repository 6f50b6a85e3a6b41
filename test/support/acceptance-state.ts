import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { DiskRecord, InstanceRecord } from "../../src/state/state.ts";

/** What davit has written down, and what the embedded provider has. */
export interface Recorded {
	readonly instances: readonly InstanceRecord[];
	readonly disks: readonly DiskRecord[];
	readonly openIntents: number;
}

/** Reads the store of a davit home, from a copy: a reader of another user must leave nothing beside it. */
export function readState(home: string): Recorded {
	const folder = mkdtempSync(join(tmpdir(), "davit-state-"));
	try {
		for (const name of ["state.db", "state.db-wal"])
			if (existsSync(join(home, name))) copyFileSync(join(home, name), join(folder, name));
		const database = new DatabaseSync(join(folder, "state.db"));
		try {
			const rows = <T>(sql: string) => database.prepare(sql).all() as T[];
			const records = <T>(sql: string) => rows<{ record: string }>(sql).map(({ record }) => JSON.parse(record) as T);
			return {
				instances: records("SELECT record FROM instances"),
				disks: records("SELECT record FROM disks"),
				openIntents: rows("SELECT id FROM intents WHERE finished_at IS NULL").length,
			};
		} finally {
			database.close();
		}
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

/** Names of the VMs and disks that the embedded provider has. */
export function listingOf(home: string): { readonly vms: readonly string[]; readonly disks: readonly string[] } {
	return { vms: cids(home, "vms", "vm.json"), disks: cids(home, "disks", "disk.json") };
}

/** The same as the store has them. */
export function recordedListing(home: string): { readonly vms: readonly string[]; readonly disks: readonly string[] } {
	const { instances, disks } = readState(home);
	return {
		vms: instances.flatMap(({ vm }) => (vm ? [vm.cid as string] : [])).sort(),
		disks: disks.map(({ cid }) => cid as string).sort(),
	};
}

/** The number of a VM's first process, as this machine sees it. */
export function firstProcess(home: string, vm: string): number {
	const [, pid] = readFileSync(join(home, "local/vms", vm, "process"), "utf8").split(" ");
	return Number(pid);
}

/** Where an instance's VM has its root folder on this machine. */
export function vmRoot(home: string, instance: string): string {
	const found = readState(home).instances.find(({ group, index }) => `${group}/${index}` === instance);
	if (!found?.vm) throw new Error(`${instance} has no VM`);
	return join(home, "local/vms", found.vm.cid, "root");
}

function cids(home: string, kind: string, record: string): readonly string[] {
	const folder = join(home, "local", kind);
	if (!existsSync(folder)) return [];
	return readdirSync(folder)
		.filter((name) => existsSync(join(folder, name, record)))
		.sort();
}

/** All processes of the VM whose first process this is: they share its process numbers. */
export function processesBeside(first: number): readonly number[] {
	const namespace = (pid: number) => {
		try {
			return readlinkSync(`/proc/${pid}/ns/pid`);
		} catch {
			return undefined; // It ended meanwhile, or is somebody else's.
		}
	};
	const own = namespace(first);
	return readdirSync("/proc")
		.map(Number)
		.filter((pid) => pid > 0 && own !== undefined && namespace(pid) === own);
}

import { join } from "node:path";
import type { CloudResource, Owner, Page, ResourceKind } from "../../src/cpi/cpi.ts";
import { readDisks } from "./disk-record.ts";
import { sweep } from "./folders.ts";
import type { Machine } from "./machine.ts";
import { readSnapshots } from "./snapshots.ts";
import { readStemcells } from "./stemcells.ts";
import { readVms, vmProcesses } from "./vm-record.ts";

const PAGE_SIZE = 100;

function vms(machine: Machine): readonly CloudResource[] {
	sweep(join(machine.folder, "vms"));
	return readVms(machine).map((vm) => {
		const processes = vmProcesses(machine, vm.cid);
		return {
			kind: "vm",
			cid: vm.cid,
			key: vm.key,
			owner: vm.owner,
			name: vm.name,
			state: processes ? "running" : "stopped",
			ips: vm.interfaces.map(({ ip }) => ip),
			metadata: vm.metadata,
			...(processes ? { details: { pid: processes.first.pid } } : {}),
		};
	});
}

function disks(machine: Machine): readonly CloudResource[] {
	sweep(join(machine.folder, "disks"));
	return readDisks(machine).map(({ cid, key, owner, sizeMib, metadata, attached }) => ({
		kind: "disk",
		cid,
		key,
		owner,
		name: cid,
		sizeMib,
		metadata,
		...(attached ? { attachedTo: attached.vm } : {}),
	}));
}

function snapshots(machine: Machine): readonly CloudResource[] {
	return readSnapshots(machine).map(({ cid, key, owner, disk, sizeMib, metadata }) => ({
		kind: "snapshot",
		cid,
		key,
		owner,
		name: `${cid} of ${disk}`,
		sizeMib,
		metadata,
	}));
}

function images(machine: Machine): readonly CloudResource[] {
	return readStemcells(machine).map(({ cid, key, owner, os, version }) => ({
		kind: "image",
		cid,
		key,
		owner,
		name: `${os}/${version}`,
		metadata: {},
	}));
}

/** Addresses and ports are parts of a VM here: there are none of their own. */
const NONE = () => [];
const READERS: Readonly<Record<ResourceKind, (machine: Machine) => readonly CloudResource[]>> = {
	vm: vms,
	disk: disks,
	snapshot: snapshots,
	image: images,
	address: NONE,
	port: NONE,
};

/** A page of what carries the owner's mark, in the order of the cids. `after` is the last cid of the page before. */
export function listResources(
	machine: Machine,
	owner: Partial<Owner>,
	kind: ResourceKind,
	after: string | undefined,
): Page {
	const all = READERS[kind](machine).filter(
		(resource) =>
			(owner.store === undefined || resource.owner.store === owner.store) &&
			(owner.deployment === undefined || resource.owner.deployment === owner.deployment) &&
			(after === undefined || resource.cid > after),
	);
	const items = all.slice(0, PAGE_SIZE);
	const last = items.at(-1);
	return all.length > items.length && last ? { items, next: last.cid } : { items };
}

/** What was made with that key, whoever owns it. */
export function findResource(machine: Machine, key: string): CloudResource | undefined {
	for (const read of Object.values(READERS)) {
		const found = read(machine).find((resource) => resource.key === key);
		if (found) return found;
	}
	return undefined;
}

import type { Call } from "../../src/cpi/call.ts";
import type { CallOptions, Cpi, CpiInfo, CreateCpi, DiskCid, VmCid } from "../../src/cpi/cpi.ts";
import { call } from "./call.ts";
import { readConfig } from "./config.ts";
import { type DiskRecord, readDisk, readDisks, writeDisk } from "./disk-record.ts";
import { attachDisk, createDisk, deleteDisk, detachDisk, resizeDisk } from "./disks.ts";
import { localError } from "./errors.ts";
import { locked } from "./lock.ts";
import { type Machine, machineOf } from "./machine.ts";
import { gatewaySocket } from "./network.ts";
import { quotas, resourcesOf } from "./quota.ts";
import { findResource, listResources } from "./resources.ts";
import { deleteSnapshot, snapshotDisk } from "./snapshots.ts";
import { createStemcell, deleteStemcell, hasStemcell } from "./stemcells.ts";
import { requireSupport } from "./support.ts";
import { readVm, vmCid, writeVm } from "./vm-record.ts";
import { createVm, deleteVm, rebootVm } from "./vms.ts";

function info(machine: Machine): CpiInfo {
	return {
		name: "local",
		apiVersion: 2,
		stemcellFormats: ["local"],
		can: {
			idempotent: true,
			list: true,
			fixedIps: true,
			dynamicNetworks: true,
			vip: false,
			multipleNetworks: true,
			ipv6: true,
			persistentDisks: true,
			resizeDisk: true,
			snapshots: true,
			firstContact: ["seeded"],
		},
		gateway: (owner) => gatewaySocket(machine, owner),
	};
}

/** Runs one verb on one VM or disk, alone among all davit processes. */
function alone<Result>(
	machine: Machine,
	operation: string,
	options: CallOptions,
	thing: readonly ["vm" | "disk", string],
	work: (call: Call) => Promise<Result>,
): Promise<Result> {
	return call(operation, options, (now) => locked(now, machine.folder, thing, work));
}

function vmVerbs(
	machine: Machine,
	checkSupport: (now: Call) => Promise<void>,
): Pick<Cpi, "createVm" | "deleteVm" | "hasVm" | "rebootVm" | "setVmMetadata"> {
	const onVm = <Result>(operation: string, cid: VmCid, options: CallOptions, work: (now: Call) => Promise<Result>) =>
		alone(machine, operation, options, ["vm", cid], work);
	return {
		createVm: (request, options) =>
			onVm("createVm", vmCid(request.key), options, async (now) => {
				await checkSupport(now);
				if (!hasStemcell(machine, request.stemcell))
					throw localError("invalid", "createVm", `there is no stemcell ${request.stemcell}`);
				return createVm(now, machine, request);
			}),
		deleteVm: (cid, options) => onVm("deleteVm", cid, options, (now) => deleteVm(now, machine, cid)),
		hasVm: (cid, options) => call("hasVm", options, async () => readVm(machine, cid) !== undefined),
		rebootVm: (cid, options) => onVm("rebootVm", cid, options, (now) => rebootVm(now, machine, cid)),
		setVmMetadata: (cid, metadata, options) =>
			onVm("setVmMetadata", cid, options, async () => {
				const vm = readVm(machine, cid);
				if (!vm) throw localError("not-found", "setVmMetadata", `there is no VM ${cid}`);
				writeVm(machine, { ...vm, metadata: { ...vm.metadata, ...metadata } });
			}),
	};
}

type DiskVerb =
	| "createDisk"
	| "deleteDisk"
	| "hasDisk"
	| "attachDisk"
	| "detachDisk"
	| "resizeDisk"
	| "setDiskMetadata"
	| "snapshotDisk"
	| "deleteSnapshot"
	| "getDisks";

function diskVerbs(machine: Machine): Pick<Cpi, DiskVerb> {
	const onDisk = <Result>(operation: string, cid: string, options: CallOptions, work: (now: Call) => Promise<Result>) =>
		alone(machine, operation, options, ["disk", cid], work);
	const onBoth = <Result>(
		name: string,
		vm: VmCid,
		cid: DiskCid,
		options: CallOptions,
		work: (now: Call) => Promise<Result>,
	) => alone(machine, name, options, ["vm", vm], (now) => locked(now, machine.folder, ["disk", cid], work));
	const onRecord = (
		operation: string,
		cid: DiskCid,
		options: CallOptions,
		work: (disk: DiskRecord, now: Call) => Promise<void>,
	) =>
		onDisk(operation, cid, options, async (now) => {
			const disk = readDisk(machine, cid);
			if (!disk) throw localError("not-found", operation, `there is no disk ${cid}`);
			await work(disk, now);
		});
	return {
		createDisk: (request, options) =>
			onDisk("createDisk", request.key, options, (now) => createDisk(now, machine, request)),
		deleteDisk: (cid, options) => onDisk("deleteDisk", cid, options, (now) => deleteDisk(now, machine, cid)),
		hasDisk: (cid, options) => call("hasDisk", options, async () => readDisk(machine, cid) !== undefined),
		attachDisk: (vm, disk, options) =>
			onBoth("attachDisk", vm, disk, options, (now) =>
				attachDisk(now, machine, { vm, disk, mountPoint: options.mountPoint }),
			),
		detachDisk: (vm, disk, options) =>
			onBoth("detachDisk", vm, disk, options, (now) => detachDisk(now, machine, vm, disk)),
		resizeDisk: (cid, sizeMib, options) =>
			onRecord("resizeDisk", cid, options, (disk, now) => resizeDisk(now, machine, disk, sizeMib)),
		setDiskMetadata: (cid, metadata, options) =>
			onRecord("setDiskMetadata", cid, options, async (disk) =>
				writeDisk(machine, { ...disk, metadata: { ...disk.metadata, ...metadata } }),
			),
		snapshotDisk: (cid, request, options) =>
			onDisk("snapshotDisk", cid, options, (now) => snapshotDisk(now, machine, cid, request)),
		deleteSnapshot: (cid, options) =>
			onDisk("deleteSnapshot", cid, options, (now) => deleteSnapshot(now, machine, cid)),
		getDisks: (vm, options) =>
			call("getDisks", options, async () =>
				readDisks(machine).flatMap((disk) => (disk.attached?.vm === vm ? [disk.cid] : [])),
			),
	};
}

/** The embedded provider: VMs are process trees on this machine, without root and without Docker. */
const createCpi: CreateCpi = async (settings) => {
	const machine = machineOf(readConfig(settings));
	let supported = false;
	const checkSupport = async (now: Call) => {
		if (!supported) await requireSupport(now, machine);
		supported = true;
	};
	return {
		info: () => info(machine),
		createStemcell: (image, options) =>
			call("createStemcell", options, async (now) => {
				await checkSupport(now);
				return createStemcell(machine, image);
			}),
		deleteStemcell: (cid, options) => call("deleteStemcell", options, async () => deleteStemcell(machine, cid)),
		...vmVerbs(machine, checkSupport),
		...diskVerbs(machine),
		calculateVmCloudProperties: ({ cpu, ramMib, ephemeralDiskMib }) =>
			Promise.resolve({ cpu, ram: ramMib, ephemeral_disk_size: ephemeralDiskMib }),
		resourcesOf: (thing) => Promise.resolve(resourcesOf(thing)),
		quotas: (options) => call("quotas", options, async () => quotas(machine)),
		list: (owner, kind, options) =>
			call("list", options, async () => listResources(machine, owner, kind, options.page)),
		find: (key, options) => call("find", options, async () => findResource(machine, key)),
		close: async () => {},
	};
};

export default createCpi;

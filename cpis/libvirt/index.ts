import { type Call, oneAtATime, runCall } from "../../src/cpi/call.ts";
import type { CallOptions, Cpi, CpiInfo, CreateCpi, DiskCid, StemcellCid } from "../../src/cpi/cpi.ts";
import { readDiskProperties, readVmProperties } from "./cloud-properties.ts";
import { type LibvirtConfig, readConfig } from "./config.ts";
import { readConsole } from "./console.ts";
import { attachDisk, createDisk, deleteDisk, deleteVolumes, detachDisk, setDiskMetadata, volumeOf } from "./disks.ts";
import { attachedDisks } from "./domain.ts";
import { asLibvirtError, libvirtError } from "./errors.ts";
import { chooseHost, type Host, hostAt, openHost } from "./host.ts";
import { cidOf, type Kind, nameOf, parseCid } from "./names.ts";
import { observe, readDomain } from "./observe.ts";
import { quotasOf, resourcesOf } from "./quotas.ts";
import { resizeDisk } from "./resize.ts";
import { findResource, listResources } from "./resources.ts";
import { snapshotDisk } from "./snapshots.ts";
import { createStemcell, deleteStemcell } from "./stemcells.ts";
import { createVm, deleteVm, rebootVm, setVmMetadata } from "./vms.ts";

const INFO: CpiInfo = {
	name: "libvirt",
	apiVersion: 2,
	stemcellFormats: ["qcow2", "raw", "openstack-qcow2", "openstack-raw"],
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
		firstContact: ["seeded", "agent"],
	},
};

/** Something that a cid names: where it is. */
interface Found {
	readonly host: Host;
	readonly name: string;
}

/** What the verbs share: the hosts, and that calls about one thing don't overtake one another. */
interface Verbs {
	readonly config: LibvirtConfig;
	readonly hosts: readonly Host[];
	run<Result>(operation: string, options: CallOptions, work: (call: Call) => Promise<Result>): Promise<Result>;
	/** The same, alone among the calls of this process about a thing with this name. */
	alone<Result>(
		operation: string,
		name: string,
		options: CallOptions,
		work: (call: Call) => Promise<Result>,
	): Promise<Result>;
	at(kind: Kind, cid: string, operation: string): Found | undefined;
}

function absent(operation: string, what: string, cid: string) {
	return libvirtError("not-found", operation, `there is no ${what} ${cid}`);
}

function openVerbs(config: LibvirtConfig): Verbs {
	const hosts = config.hosts.map((host) => openHost(host, config));
	const inOrder = oneAtATime();
	const run: Verbs["run"] = (operation, options, work) => {
		const asError = (error: unknown) => asLibvirtError(error, operation);
		return runCall({ iaas: "libvirt", operation, asError }, options, work);
	};
	return {
		config,
		hosts,
		run,
		alone: (operation, name, options, work) =>
			run(operation, options, (call) =>
				inOrder(name, async () => {
					call.check();
					return work(call);
				}),
			),
		at: (kind, cid, operation) => {
			const location = parseCid(kind, cid);
			return location && { host: hostAt(hosts, location, operation), name: location.name };
		},
	};
}

function stemcellVerbs({ hosts, alone }: Verbs): Pick<Cpi, "createStemcell" | "deleteStemcell"> {
	return {
		createStemcell: (image, options) =>
			alone("createStemcell", nameOf("stemcell", image.key), options, async (call) => {
				for (const host of hosts) await createStemcell(call, host, image);
				return nameOf("stemcell", image.key) as StemcellCid;
			}),
		deleteStemcell: (cid, options) =>
			alone("deleteStemcell", cid, options, async (call) => {
				const name = parseCid("stemcell", cid)?.name;
				if (name !== undefined) for (const host of hosts) await deleteStemcell(call, host, name);
			}),
	};
}

type VmVerb = "createVm" | "deleteVm" | "hasVm" | "rebootVm" | "setVmMetadata" | "getDisks" | "consoleLog";

function vmVerbs({ config, hosts, run, alone, at }: Verbs): Pick<Cpi, VmVerb> {
	return {
		createVm: (request, options) =>
			alone("createVm", nameOf("vm", request.key), options, async (call) => {
				const properties = readVmProperties(request.cloudProperties, "createVm", request.name);
				return createVm(call, chooseHost(hosts, properties.host, "createVm", request.name), request, config);
			}),
		deleteVm: (cid, options) =>
			alone("deleteVm", cid, options, async (call) => {
				const vm = at("vm", cid, "deleteVm");
				if (vm) await deleteVm(call, vm.host, vm.name);
			}),
		hasVm: (cid, options) =>
			run("hasVm", options, async (call) => {
				const vm = at("vm", cid, "hasVm");
				return vm !== undefined && (await readDomain(call, vm.host, vm.name)) !== undefined;
			}),
		rebootVm: (cid, options) =>
			alone("rebootVm", cid, options, async (call) => {
				const vm = at("vm", cid, "rebootVm");
				if (!vm) throw absent("rebootVm", "VM", cid);
				await rebootVm(call, vm.host, vm.name, config);
			}),
		setVmMetadata: (cid, metadata, options) =>
			alone("setVmMetadata", cid, options, async (call) => {
				const vm = at("vm", cid, "setVmMetadata");
				if (!vm) throw absent("setVmMetadata", "VM", cid);
				await setVmMetadata(call, vm.host, vm.name, metadata);
			}),
		getDisks: (cid, options) =>
			run("getDisks", options, async (call) => {
				const vm = at("vm", cid, "getDisks");
				const domain = vm && (await readDomain(call, vm.host, vm.name));
				if (!vm || !domain) return [];
				return attachedDisks(domain).map((name) => cidOf({ name, host: vm.host.config.name }) as DiskCid);
			}),
		consoleLog: (cid, options) =>
			run("consoleLog", options, async (call) => {
				const vm = at("vm", cid, "consoleLog");
				return vm ? readConsole(call, vm.host, vm.name) : "";
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
	| "setDiskMetadata";

function diskVerbs({ hosts, run, alone, at }: Verbs): Pick<Cpi, DiskVerb> {
	return {
		createDisk: (request, options) =>
			alone("createDisk", nameOf("disk", request.key), options, async (call) => {
				const properties = readDiskProperties(request.cloudProperties, "createDisk", "the disk");
				const vm = request.vm === undefined ? undefined : at("vm", request.vm, "createDisk");
				return createDisk(call, vm?.host ?? chooseHost(hosts, properties.host, "createDisk", "the disk"), request);
			}),
		deleteDisk: (cid, options) =>
			alone("deleteDisk", cid, options, async (call) => {
				const disk = at("disk", cid, "deleteDisk");
				if (disk) await deleteDisk(call, disk.host, disk.name);
			}),
		hasDisk: (cid, options) =>
			run("hasDisk", options, async (call) => {
				const disk = at("disk", cid, "hasDisk");
				if (!disk) return false;
				return volumeOf(disk.name, (await observe(call, disk.host, {})).volumes) !== undefined;
			}),
		attachDisk: (vmCid, diskCid, options) =>
			alone("attachDisk", vmCid, options, async (call) => {
				const [vm, disk] = [at("vm", vmCid, "attachDisk"), at("disk", diskCid, "attachDisk")];
				if (!vm) throw absent("attachDisk", "VM", vmCid);
				if (!disk) throw absent("attachDisk", "disk", diskCid);
				if (vm.host !== disk.host)
					throw libvirtError("invalid", "attachDisk", `disk ${diskCid} and VM ${vmCid} are on different hosts`, {
						hint: "a disk stays on its host: keep the instance in the AZ of that host",
					});
				return attachDisk(call, vm.host, vm.name, disk.name);
			}),
		detachDisk: (vmCid, diskCid, options) =>
			alone("detachDisk", vmCid, options, async (call) => {
				const [vm, disk] = [at("vm", vmCid, "detachDisk"), at("disk", diskCid, "detachDisk")];
				if (vm && disk) await detachDisk(call, vm.host, vm.name, disk.name);
			}),
		resizeDisk: (cid, sizeMib, options) =>
			alone("resizeDisk", cid, options, async (call) => {
				const disk = at("disk", cid, "resizeDisk");
				if (!disk) throw absent("resizeDisk", "disk", cid);
				await resizeDisk(call, disk.host, disk.name, sizeMib);
			}),
		setDiskMetadata: (cid, metadata, options) =>
			alone("setDiskMetadata", cid, options, async (call) => {
				const disk = at("disk", cid, "setDiskMetadata");
				if (!disk) throw absent("setDiskMetadata", "disk", cid);
				await setDiskMetadata(call, disk.host, disk.name, metadata);
			}),
	};
}

function snapshotVerbs({ alone, at }: Verbs): Pick<Cpi, "snapshotDisk" | "deleteSnapshot"> {
	return {
		snapshotDisk: (cid, request, options) =>
			alone("snapshotDisk", cid, options, async (call) => {
				const disk = at("disk", cid, "snapshotDisk");
				if (!disk) throw absent("snapshotDisk", "disk", cid);
				return snapshotDisk(call, disk.host, disk.name, request);
			}),
		deleteSnapshot: (cid, options) =>
			alone("deleteSnapshot", cid, options, async (call) => {
				const snapshot = at("snapshot", cid, "deleteSnapshot");
				if (snapshot) await deleteVolumes(call, snapshot.host, snapshot.name);
			}),
	};
}

/** Hosts with KVM or QEMU under libvirt, driven by the command virsh: locally or over SSH. */
const createCpi: CreateCpi = async (settings) => {
	const verbs = openVerbs(readConfig(settings));
	return {
		info: () => INFO,
		...stemcellVerbs(verbs),
		...vmVerbs(verbs),
		...diskVerbs(verbs),
		...snapshotVerbs(verbs),
		calculateVmCloudProperties: ({ cpu, ramMib, ephemeralDiskMib }) =>
			Promise.resolve({ cpus: cpu, memory: ramMib, ephemeral_disk: ephemeralDiskMib }),
		resourcesOf: (thing, options) => verbs.run("resourcesOf", options, async () => resourcesOf(thing)),
		quotas: (options) =>
			verbs.run("quotas", options, async (call) =>
				(await Promise.all(verbs.hosts.map((host) => quotasOf(call, host)))).flat(),
			),
		list: (owner, kind, options) =>
			verbs.run("list", options, (call) => listResources(call, verbs.hosts, owner, kind, options.page)),
		find: (key, options) => verbs.run("find", options, (call) => findResource(call, verbs.hosts, key)),
		close: async () => {},
	};
};

export default createCpi;

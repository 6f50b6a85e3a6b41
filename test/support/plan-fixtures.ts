import type { DiskCid, VmCid } from "../../src/cpi/cpi.ts";
import type { Amount, InstanceGroup } from "../../src/manifest/deployment.ts";
import { type DesiredInstance, type DesiredJob, shapeDigests } from "../../src/plan/desired.ts";
import type { InstanceDiff, MachineView } from "../../src/plan/diff-instance.ts";
import type { DiskRecord, InstanceRecord } from "../../src/state/state.ts";
import { releaseJob } from "./links.ts";

/** A VM that is as it should be, and whose only job is `app`. */
export const wellMachine = {
	reachable: true,
	missingFiles: [],
	failingProcesses: [],
	activeProcesses: ["app"],
	unmounted: false,
	missingDisks: [],
	bootstrapped: true,
} satisfies MachineView;

/** An instance group with BOSH's usual settings, changed where a case needs it. */
export function group(name: string, more: Partial<InstanceGroup> = {}): InstanceGroup {
	return {
		name,
		azs: ["z1"],
		instances: 1,
		jobs: [],
		vmType: "small",
		vmExtensions: [],
		persistentDisks: [],
		stemcell: "default",
		networks: [{ name: "default", staticIps: [], default: [] }],
		update: update({ count: 1 }, { count: 1 }),
		migratedFrom: [],
		lifecycle: "service",
		env: {},
		tags: {},
		properties: {},
		...more,
	};
}

export function update(
	canaries: Amount,
	maxInFlight: Amount,
	more: Partial<InstanceGroup["update"]> = {},
): InstanceGroup["update"] {
	return {
		canaries,
		maxInFlight,
		canaryWatchTime: { fromMs: 1, toMs: 100 },
		updateWatchTime: { fromMs: 1, toMs: 200 },
		serial: true,
		vmStrategy: "delete-create",
		restart: "all",
		initialDeployAzUpdateStrategy: "serial",
		...more,
	};
}

export function record(group: string, index: number, more: Partial<InstanceRecord> = {}): InstanceRecord {
	return {
		id: `${group}-${index}-id`,
		group,
		index,
		az: "z1",
		bootstrap: index === 0,
		lifecycle: "service",
		ips: {},
		dirty: false,
		wanted: "started",
		ignore: false,
		...more,
	};
}

/** A disk of g/0 in deployment d. */
export function diskRecord(cid: string, more: Partial<DiskRecord> = {}): DiskRecord {
	return {
		cid: cid as DiskCid,
		key: "k",
		deployment: "d",
		instance: "g-0-id",
		instanceName: "g/0",
		cpi: "local",
		az: "z1",
		sizeMib: 100,
		cloudProperties: {},
		mounted: true,
		...more,
	};
}

/** A wanted instance running one job, with no record. */
export function desired(
	of: InstanceGroup,
	index: number,
	more: Partial<DesiredInstance> & { az?: string } = {},
): DesiredInstance {
	const name = `${of.name}/${index}`;
	const wanted = {
		ref: { name: "app", release: "tiny", consumes: {}, provides: {}, customProviderDefinitions: [] },
		job: releaseJob("app", { fingerprint: "f1" }),
		release: { name: "tiny", version: "1" },
		spec: {},
		links: {},
		input: "i1",
	};
	return {
		name,
		group: of,
		placed: {
			id: `${of.name}-${index}-id`,
			group: of.name,
			index,
			az: more.az ?? "z1",
			bootstrap: index === 0,
			networks: {},
			defaultNetwork: "default",
		},
		jobs: [wanted as unknown as DesiredJob],
		packages: [],
		shape: {
			cpi: "local",
			stemcell: { os: "local", version: "1", kind: "local", heavy: false },
			cloudProperties: {},
			networks: {},
			env: {},
			guests: {},
			metadata: {},
		},
		disks: [],
		hosts: "",
		names: "n1",
		...more,
	};
}

/** The same instance, deployed as it is wanted. */
export function deployed(
	of: InstanceGroup,
	index: number,
	more: Partial<DesiredInstance> & { az?: string } = {},
): DesiredInstance {
	const bare = desired(of, index, more);
	const cid = `vm-${bare.name}` as VmCid;
	const applied = {
		jobs: { app: { release: "tiny", fingerprint: "f1", input: "i1", output: "o1", files: [] } },
		packages: Object.fromEntries(bare.packages.map(({ name, key }) => [name, key])),
		names: "n1",
		tags: {},
		postDeployed: true,
	};
	const vm = {
		cid,
		key: "k",
		cpi: "local",
		createdAt: 0,
		shape: shapeDigests(bare.shape),
		hostKeys: ["ssh-ed25519 AAAA"],
		bootstrapped: true,
	};
	const disk = bare.disk ? { disk: `disk-${bare.name}` as DiskCid } : {};
	const { sizeMib = 0, cloudProperties, fileSystem = "" } = bare.disk ?? {};
	const formerDisk = bare.disk
		? { formerDisk: diskRecord(`disk-${bare.name}`, { sizeMib, cloudProperties, fileSystem }) }
		: {};
	return { ...bare, ...formerDisk, record: record(of.name, index, { az: bare.placed.az, vm, applied, ...disk }) };
}

export function created(desiredInstance: DesiredInstance): InstanceDiff {
	return { desired: desiredInstance, action: "create", vm: "create", reasons: [{ reason: "new" }], reachable: false };
}

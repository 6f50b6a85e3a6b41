import type { VmNetwork } from "../cpi/cpi.ts";
import { digestOf } from "../digest.ts";
import type { InstanceGroup, JobRef, ValueMap } from "../manifest/deployment.ts";
import type { ReleaseJob } from "../release/release.ts";
import type { DiskRecord, InstanceRecord } from "../state/state.ts";
import type { LinkData, TemplateSpec } from "../template/render.ts";
import type { PlacedInstance } from "./placed.ts";
import type { InstanceName, PackageUse, VmShape } from "./step.ts";

/** A job as one instance is to run it. Values may hold ((references)) to variables that are not made yet. */
export interface DesiredJob {
	readonly ref: JobRef;
	readonly job: ReleaseJob;
	readonly release: { readonly name: string; readonly version: string };
	readonly spec: TemplateSpec;
	readonly links: Readonly<Record<string, LinkData>>;
	/** Keyed digest of everything it is rendered from; absent while a variable that it needs is unknown. */
	readonly input?: string;
	/** Keyed digest of what it renders to, where that is known while planning. */
	readonly output?: string;
}

export interface DesiredDisk {
	readonly sizeMib: number;
	readonly cloudProperties: ValueMap;
	readonly fileSystem: string;
	/** `env.persistent_disk_mount_options`, such as `noatime`. */
	readonly mountOptions: readonly string[];
}

/** A disk of the group's `persistent_disks`, on one instance. What is on it only the instance's jobs know. */
export interface NamedDisk {
	readonly name: string;
	readonly sizeMib: number;
	readonly cloudProperties: ValueMap;
	/** The instance's disk of that name, as it is recorded. */
	readonly former?: DiskRecord;
}

/** One instance as the manifest wants it. */
export interface DesiredInstance {
	readonly name: InstanceName;
	readonly group: InstanceGroup;
	readonly placed: PlacedInstance;
	readonly record?: InstanceRecord;
	readonly jobs: readonly DesiredJob[];
	/** In dependency order. */
	readonly packages: readonly PackageUse[];
	readonly shape: VmShape;
	/** The same at the addresses that it has, where `shape` has others: for a VM that is made while the old one runs. */
	readonly shapeInPlace?: VmShape;
	readonly disk?: DesiredDisk;
	/** Its `persistent_disks`. */
	readonly disks: readonly NamedDisk[];
	/** Its persistent disk as it is recorded. */
	readonly formerDisk?: DiskRecord;
	/** What a run that was cut short had begun to copy that disk to. */
	readonly diskCopy?: DiskRecord;
	/** The managed block of its /etc/hosts, and its digest. */
	readonly hosts: string;
	/** Text of records.json, on a VM that has a bosh-dns job. */
	readonly records?: string;
	readonly names: string;
}

/** What makes another VM necessary, each part's digest by BOSH's reason name. */
export function shapeDigests(shape: VmShape): Readonly<Record<string, string>> {
	return {
		cloud_properties: digestOf({ cpi: shape.cpi, properties: shape.cloudProperties }),
		stemcell: `${shape.stemcell.os}/${shape.stemcell.version}`,
		env: digestOf(Object.keys(shape.guests).length === 0 ? shape.env : { env: shape.env, guests: shape.guests }),
		network: digestOf(networkIdentity(shape.networks)),
	};
}

/** DNS servers too, as in BOSH: a VM gets them when it is made, so others reach it with another VM, canaries first. */
function networkIdentity(networks: Readonly<Record<string, VmNetwork>>): unknown {
	return Object.entries(networks).map(([name, { type, ip, prefix, gateway, dns, cloudProperties }]) => ({
		name,
		type,
		ip,
		prefix,
		gateway,
		...(dns.length > 0 ? { dns } : {}),
		cloudProperties,
	}));
}

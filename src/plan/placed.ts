import type { JobRef } from "../manifest/deployment.ts";
import type { ReleaseJob } from "../release/release.ts";

/** One instance with its place: everything about it that links, names and templates may see. */
export interface PlacedInstance {
	/** UUID, kept for the instance's whole life. */
	readonly id: string;
	readonly group: string;
	readonly index: number;
	/** Empty: no AZs. */
	readonly az: string;
	readonly bootstrap: boolean;
	/** By network name, in the manifest's order. */
	readonly networks: Readonly<Record<string, PlacedNetwork>>;
	/** The network whose address stands for the instance: its `addressable` network, else the one with the default gateway. */
	readonly defaultNetwork: string;
	/** Its address in `defaultNetwork`; absent while the cloud has yet to choose it. */
	readonly addressableIp?: string;
}

export interface PlacedNetwork {
	readonly type: "manual" | "dynamic" | "vip";
	/** Absent while the cloud has yet to choose it. */
	readonly ip?: string;
	/** Length of the subnet's prefix in bits. */
	readonly prefix?: number;
	readonly netmask?: string;
	readonly gateway?: string;
	readonly dns: readonly string[];
	readonly default: readonly ("dns" | "gateway" | "addressable")[];
	readonly cloudProperties?: Readonly<Record<string, unknown>>;
}

/** A job of a group: what the manifest (or an addon) says of it, and what its release says. */
export interface JobUse {
	readonly ref: JobRef;
	readonly job: ReleaseJob;
	/** Where the manifest has it: `/instance_groups/0/jobs/1`; an addon's job stands in the addon. */
	readonly path: string;
}

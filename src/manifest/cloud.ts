import type { InstanceGroup, ValueMap } from "./deployment.ts";

/** Cloud config, CPI config and the way in, as they stand in one file (`--cloud FILE`). */
export interface Cloud {
	readonly azs: readonly Az[];
	readonly vmTypes: readonly Typed[];
	readonly vmExtensions: readonly Typed[];
	readonly diskTypes: readonly DiskType[];
	readonly networks: readonly Network[];
	readonly compilation?: Compilation;
	/** At least one; an AZ without `cpi` uses the only one. */
	readonly cpis: readonly CpiConfig[];
	readonly ssh: readonly SshConfig[];
	readonly stemcells: readonly StemcellChoice[];
	readonly guests: Guests;
}

/** What every VM gets beside its jobs. A change needs other VMs. */
export interface Guests {
	/** Time servers. */
	readonly ntp?: readonly string[];
	readonly proxy?: { readonly http?: string; readonly https?: string; readonly no?: string };
	/** PEM, any number of certificates, which the system of every VM trusts. */
	readonly trustedCertificates?: string;
	/** Where a plain image's missing packages come from. */
	readonly packageMirror?: {
		readonly url: string;
		/** Absent: the image's own. */
		readonly suites?: readonly string[];
		readonly components?: readonly string[];
		/** It isn't signed by a key that the image has, and is believed as it is. */
		readonly trusted?: boolean;
	};
}

/** Which image a manifest's stemcell is. Without file and cloud properties it is the one that davit has built or knows. */
export interface StemcellChoice {
	readonly os: string;
	readonly version: string;
	readonly kind: "plain" | "prepared" | "bosh";
	/** An image file (`bosh`: a stemcell archive), as written: from the cloud file's folder. */
	readonly file?: string;
	/** An image that the cloud has. */
	readonly cloudProperties?: ValueMap;
}

interface Az {
	readonly name: string;
	readonly cpi?: string;
	readonly cloudProperties: ValueMap;
}

interface Typed {
	readonly name: string;
	readonly cloudProperties: ValueMap;
}

interface DiskType extends Typed {
	readonly sizeMib: number;
}

export type Network =
	| { readonly type: "manual"; readonly name: string; readonly subnets: readonly Subnet[] }
	| { readonly type: "dynamic"; readonly name: string; readonly subnets: readonly DynamicSubnet[] }
	| {
			readonly type: "vip";
			readonly name: string;
			readonly subnets: readonly VipSubnet[];
			readonly cloudProperties: ValueMap;
	  };

/** `reserved` and `static` are inclusive ranges, normalised from `a-b`, CIDR and single addresses. */
export interface Subnet {
	/** The network's address and prefix, such as 10.77.0.0/24. */
	readonly range: string;
	readonly gateway: string;
	readonly dns: readonly string[];
	readonly reserved: readonly IpRange[];
	readonly static: readonly IpRange[];
	/** Empty: any AZ. */
	readonly azs: readonly string[];
	readonly cloudProperties: ValueMap;
}

export interface IpRange {
	readonly from: string;
	readonly to: string;
}

interface DynamicSubnet {
	readonly azs: readonly string[];
	readonly dns: readonly string[];
	readonly cloudProperties: ValueMap;
}

export interface VipSubnet {
	readonly azs: readonly string[];
	readonly static: readonly IpRange[];
	readonly cloudProperties: ValueMap;
}

/** VMs that packages compile on. */
export interface Compilation {
	/** Of each stemcell, at most. */
	readonly workers: number;
	readonly az?: string;
	readonly network: string;
	/** One of these, or none: cloud properties are given without a VM type. */
	readonly vmType?: string;
	readonly vmResources?: InstanceGroup["vmResources"];
	readonly cloudProperties: ValueMap;
	readonly vmExtensions: readonly string[];
	readonly env: ValueMap;
}

interface CpiConfig {
	readonly name: string;
	/** The IaaS key (`local`, `openstack`, ...). */
	readonly type: string;
	readonly properties: ValueMap;
}

/** `ssh:` of the cloud file: how the VMs of some AZs are reached. Without `azs` it is the default. */
export interface SshConfig {
	readonly azs: readonly string[];
	readonly user: string;
	readonly port: number;
	/** Network (or vip network) whose address is dialled. */
	readonly network?: string;
	/** Absent: the CPI's gateway if it has one, else direct. */
	readonly dialer?:
		| { readonly type: "direct" }
		| {
				readonly type: "jump";
				readonly hosts: readonly {
					readonly host: string;
					readonly port: number;
					readonly user: string;
					readonly hostKeys: readonly string[];
					readonly privateKey?: string;
				}[];
		  }
		| { readonly type: "command"; readonly command: string };
}

import type { Place } from "../errors.ts";

/** Plain data as YAML gives it: null, booleans, numbers, strings, lists, maps with string keys. */
export type Value = null | boolean | number | string | readonly Value[] | { readonly [key: string]: Value };
export type ValueMap = { readonly [key: string]: Value };

/**
 * A deployment manifest (BOSH manifest v2), validated, with defaults filled in. Property values may still hold
 * `((references))` to variables that are generated; everything else is resolved.
 */
export interface Deployment {
	readonly name: string;
	readonly releases: readonly ReleaseRef[];
	readonly stemcells: readonly StemcellRef[];
	readonly update: UpdateConfig;
	readonly instanceGroups: readonly InstanceGroup[];
	readonly addons: readonly Addon[];
	readonly variables: readonly VariableDefinition[];
	readonly features: Features;
	readonly tags: Readonly<Record<string, string>>;
	/** Shown when a deploy ends. */
	readonly notes?: string;
}

export interface ReleaseRef {
	readonly name: string;
	/** Always text, as written: `1.10` stays `1.10` only when quoted. `latest` and `create` are BOSH's words. */
	readonly version: string;
	/** The version's text where it was written as a number and lost digits: `1.360` for 1.36. */
	readonly writtenVersion?: string;
	/** http(s), file://, or a path (folder or tarball) relative to the manifest's folder, made absolute. */
	readonly url?: string;
	/** `HEX` (SHA-1), `sha256:HEX`, or several joined by `;`. */
	readonly sha1?: string;
	readonly stemcell?: { readonly os: string; readonly version: string };
}

interface StemcellRef {
	readonly alias: string;
	readonly os?: string;
	readonly name?: string;
	readonly version: string;
	/** As in `ReleaseRef`. */
	readonly writtenVersion?: string;
}

/** A count or a percentage of the batch; see BOSH's floors. */
export type Amount = { readonly count: number } | { readonly percent: number };

export interface WatchTime {
	readonly fromMs: number;
	readonly toMs: number;
}

export interface UpdateConfig {
	readonly canaries: Amount;
	readonly maxInFlight: Amount;
	readonly canaryWatchTime: WatchTime;
	readonly updateWatchTime: WatchTime;
	readonly serial: boolean;
	readonly vmStrategy: "delete-create" | "create-swap-delete";
	/** Which jobs of an instance an update stops and starts. */
	readonly restart: "all" | "changed";
	readonly initialDeployAzUpdateStrategy: "serial" | "parallel";
}

export interface InstanceGroup {
	readonly name: string;
	/** Empty: no AZs. */
	readonly azs: readonly string[];
	readonly instances: number;
	readonly jobs: readonly JobRef[];
	readonly vmType?: string;
	readonly vmResources?: { readonly cpu: number; readonly ramMib: number; readonly ephemeralDiskMib: number };
	readonly vmExtensions: readonly string[];
	/** Alias of a stemcell. */
	readonly stemcell: string;
	readonly persistentDisk?: { readonly sizeMib: number } | { readonly type: string };
	/** Disks that its jobs look after themselves. */
	readonly persistentDisks: readonly { readonly name: string; readonly type: string }[];
	readonly networks: readonly GroupNetwork[];
	readonly update: UpdateConfig;
	readonly migratedFrom: readonly { readonly name: string; readonly az?: string }[];
	/** `compilation`: no manifest's; VMs that davit makes for the time in which packages compile. */
	readonly lifecycle: "service" | "errand" | "compilation";
	readonly env: ValueMap;
	readonly tags: Readonly<Record<string, string>>;
	/** What must answer on each of its VMs. */
	readonly health?: readonly ServiceCheck[];
	/** Group-level `properties` (deprecated); a job's own replace them. */
	readonly properties: ValueMap;
}

export interface GroupNetwork {
	readonly name: string;
	readonly staticIps: readonly string[];
	readonly default: readonly ("dns" | "gateway" | "addressable")[];
}

export interface JobRef {
	readonly name: string;
	readonly release: string;
	/** Absent: the group's properties are used. */
	readonly properties?: ValueMap;
	/** By link name. `"nil"` blocks the link. */
	readonly consumes: Readonly<Record<string, ConsumeRef | "nil">>;
	readonly provides: Readonly<Record<string, ProvideRef | "nil">>;
	readonly customProviderDefinitions: readonly {
		readonly name: string;
		readonly type: string;
		readonly properties: readonly string[];
	}[];
	/** Once its pre-start has begun, a deploy that fails is not undone. */
	readonly undo?: "never";
	/** What must answer where it runs. */
	readonly health?: readonly ServiceCheck[];
}

/** A TCP connection, or with a path an HTTP request, that is answered on the VM itself. */
export interface ServiceCheck {
	readonly port: number;
	readonly path?: string;
	/** Of a good answer. Absent: 200 to 399. */
	readonly status?: readonly number[];
	/** Absent: the address that stands for the instance. */
	readonly address?: string;
}

export interface ConsumeRef {
	readonly from?: string;
	readonly deployment?: string;
	readonly network?: string;
	readonly ipAddresses?: boolean;
	/** A manual link: any of these replaces resolution. */
	readonly manual?: { readonly instances?: Value; readonly properties?: ValueMap; readonly address?: string };
}

export interface ProvideRef {
	readonly as?: string;
	readonly shared?: boolean;
	readonly aliases?: readonly ProvideAlias[];
}

export interface ProvideAlias {
	readonly domain: string;
	readonly placeholderType?: "uuid" | "index" | "az" | "network";
	readonly healthFilter?: "smart" | "healthy" | "unhealthy" | "all";
	readonly initialHealthCheck?: "asynchronous" | "synchronous";
}

export interface Addon {
	readonly name: string;
	readonly jobs: readonly JobRef[];
	readonly include?: AddonFilter;
	readonly exclude?: AddonFilter;
}

/** AND across keys, OR within a list. */
export interface AddonFilter {
	readonly stemcell?: readonly { readonly os: string }[];
	readonly deployments?: readonly string[];
	readonly jobs?: readonly { readonly name: string; readonly release: string }[];
	readonly instanceGroups?: readonly string[];
	readonly networks?: readonly string[];
	readonly azs?: readonly string[];
	readonly lifecycle?: "service" | "errand";
}

export interface VariableDefinition {
	readonly name: string;
	readonly type: "password" | "certificate" | "rsa" | "ssh";
	/** Checked by the generator of that type; unknown keys are errors. */
	readonly options: ValueMap;
	readonly updateMode: "no-overwrite" | "overwrite" | "converge";
	/** Where its entry was written. */
	readonly place?: Place;
}

export interface Features {
	readonly convergeVariables: boolean;
	readonly randomizeAzPlacement: boolean;
	readonly useDnsAddresses: boolean;
	readonly useShortDnsAddresses: boolean;
	readonly useLinkDnsNames: boolean;
}

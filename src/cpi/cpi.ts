import type { Readable } from "node:stream";
import type { CpiError } from "./errors.ts";

/** Ids are the cloud's own strings, kept apart by type so that a disk's never stands where a VM's belongs. */
export type VmCid = string & { readonly brand: "VmCid" };
export type DiskCid = string & { readonly brand: "DiskCid" };
export type SnapshotCid = string & { readonly brand: "SnapshotCid" };
export type StemcellCid = string & { readonly brand: "StemcellCid" };

/** Who made a resource. davit never touches, counts or deletes what carries another store's UUID. */
export interface Owner {
	/** UUID of the state store. */
	readonly store: string;
	readonly deployment: string;
}

/**
 * Given to every call. When `signal` aborts, the call stops waiting and rejects with the signal's reason; what it
 * had begun at the cloud is found again by its key. `deadlineMs` is the time the whole call may take: past it the
 * call rejects with a retryable `unavailable` that says what it was waiting for.
 */
export interface CallOptions {
	readonly signal: AbortSignal;
	readonly deadlineMs: number;
}

export type CloudProperties = Readonly<Record<string, unknown>>;

/** What a cloud can do. The planner refuses a manifest that needs what is missing, before anything is made. */
export interface Capabilities {
	/** Same key twice = same resource. */
	readonly idempotent: boolean;
	readonly list: boolean;
	readonly fixedIps: boolean;
	readonly dynamicNetworks: boolean;
	readonly vip: boolean;
	readonly multipleNetworks: boolean;
	readonly ipv6: boolean;
	readonly persistentDisks: boolean;
	readonly resizeDisk: boolean;
	readonly snapshots: boolean;
	/** `seeded`: user data carries user, key and host key. `agent`: a BOSH stemcell's agent is asked first. */
	readonly firstContact: readonly ("seeded" | "agent")[];
}

export interface CpiInfo {
	readonly name: string;
	readonly apiVersion: 2;
	readonly stemcellFormats: readonly string[];
	readonly can: Capabilities;
	/** How this cloud's VMs are reached when the cloud config's `ssh:` says nothing: a Unix socket of a gateway that dials inside. */
	readonly gateway?: (owner: Owner) => string;
}

/** A light image is a reference in `cloudProperties`; a heavy one has `open`. */
export interface StemcellImage {
	readonly key: string;
	readonly owner: Owner;
	readonly os: string;
	readonly version: string;
	readonly cloudProperties: CloudProperties;
	readonly open?: () => Promise<Readable>;
}

/** As in BOSH's `create_vm` networks hash. Addresses are text; `prefix` is the subnet's length in bits. */
export interface VmNetwork {
	readonly type: "manual" | "dynamic" | "vip";
	readonly ip?: string;
	readonly prefix?: number;
	readonly gateway?: string;
	readonly dns: readonly string[];
	/** Which defaults this network carries: `dns`, `gateway`, `addressable`. */
	readonly default: readonly string[];
	readonly cloudProperties: CloudProperties;
}

/** What user data carries so that first contact needs no trust in the network. Key material is OpenSSH text. */
export interface GuestSeed {
	readonly hostname: string;
	readonly loginUser: string;
	readonly authorizedKeys: readonly string[];
	readonly hostKey: { readonly privateKey: string; readonly publicKey: string };
}

/**
 * The same for a BOSH stemcell: what its agent reads of itself (bosh-agent, settings/settings.go), as JSON. The CPI adds what only it
 * knows (`agentUserData`) and puts it where the stemcells for its cloud look for it. Holds secrets.
 */
export interface AgentSeed {
	readonly agent: AgentSettings;
}

export interface AgentSettings extends Readonly<Record<string, unknown>> {
	readonly networks: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export interface VmRequest {
	/** Made and journaled by davit before the call; put on the resource. Same key twice = same VM. */
	readonly key: string;
	readonly owner: Owner;
	/** Display name such as `database/0`; may hold any Unicode text. */
	readonly name: string;
	readonly stemcell: StemcellCid;
	readonly cloudProperties: CloudProperties;
	/** In manifest order. */
	readonly networks: Readonly<Record<string, VmNetwork>>;
	/** Disks that will be attached: a placement hint. */
	readonly disks: readonly DiskCid[];
	/** An agent's only where `info().can.firstContact` has `agent`. */
	readonly seed: GuestSeed | AgentSeed;
	readonly env: Readonly<Record<string, unknown>>;
	readonly metadata: Readonly<Record<string, string>>;
}

export interface CreatedVm {
	readonly cid: VmCid;
	/** The addresses that the VM has, by network name; those the cloud chose included. */
	readonly ips: Readonly<Record<string, string>>;
	/** A disk of its own for `/var/vcap/data`, empty and made with the VM. Absent: that folder is on the root disk. */
	readonly ephemeralDisk?: DiskHint;
}

export interface DiskRequest {
	readonly key: string;
	readonly owner: Owner;
	readonly sizeMib: number;
	readonly cloudProperties: CloudProperties;
	/** The VM it will be attached to: a placement hint. */
	readonly vm?: VmCid;
	readonly metadata: Readonly<Record<string, string>>;
}

/**
 * How the guest finds the disk. `mounted`: the cloud's disks are file systems and this one is mounted at `path`
 * already. Every other kind names a block device by something that can't be mistaken; a /dev name is never guessed.
 */
export type DiskHint =
	| { readonly kind: "mounted"; readonly path: string }
	| { readonly kind: "serial"; readonly serial: string }
	| { readonly kind: "by-id"; readonly id: string }
	| { readonly kind: "lun"; readonly lun: number; readonly hostDeviceId?: string }
	| { readonly kind: "path"; readonly path: string };

export type ResourceKind = "vm" | "disk" | "snapshot" | "image" | "address" | "port";

/** One thing at the cloud that carries davit's owner tag. */
export interface CloudResource {
	readonly kind: ResourceKind;
	readonly cid: string;
	readonly key?: string;
	readonly owner: Owner;
	readonly name: string;
	/** The VM it is attached to, for disks, ports and addresses. */
	readonly attachedTo?: VmCid;
	/** For VMs: `running`, `stopped` or the cloud's own word. */
	readonly state?: string;
	readonly ips?: readonly string[];
	/** For VMs: as `createVm` told it. */
	readonly ephemeralDisk?: DiskHint;
	readonly sizeMib?: number;
	readonly metadata: Readonly<Record<string, string>>;
	/** What only this cloud has, such as `local`'s pid. */
	readonly details?: Readonly<Record<string, string | number>>;
}

export interface Page {
	readonly items: readonly CloudResource[];
	/** Pass to the next `list` call; absent on the last page. */
	readonly next?: string;
}

/** What clouds limit. `memory` and `disk` are MiB, the others are counted. */
export type LimitedResource = "vms" | "vcpus" | "memory" | "disks" | "disk" | "addresses";

/** What something takes of it. `pool`: a cloud limits it apart for a host, a family of instance types, a type of disks. */
export interface ResourceUse {
	readonly resource: LimitedResource;
	readonly amount: number;
	readonly pool?: string;
}

/** Something that is still to be made. */
export type SizedThing =
	| { readonly kind: "vm"; readonly cloudProperties: CloudProperties }
	| { readonly kind: "disk"; readonly sizeMib: number; readonly cloudProperties: CloudProperties };

/** A limit at the cloud, for everything of `resource`, or of one `pool` of it. What has no limit is not told. */
export interface Quota {
	readonly resource: LimitedResource;
	readonly pool?: string;
	/** What the cloud calls it, such as `cores` (OpenStack) or `L-1216C47A` (AWS). */
	readonly name: string;
	readonly limit: number;
	/** By all who share it, whether davit made it or not. */
	readonly used: number;
	/** True: the cloud refuses what is over it. False: a machine has so much, and may promise more. */
	readonly enforced: boolean;
}

/**
 * THE PORT to a cloud: the verbs of the BOSH CPI API v2, and `list` and `find`.
 *
 * Obligations of every implementation:
 * - A create puts `key` and `owner` on what it makes before it can be lost; the same key again returns the same
 *   resource. A create that fails deletes what it had made; what it can't delete is found by `find(key)`.
 * - Every delete is idempotent: absent is success. A look-up of what is absent gives `undefined` or `false`.
 * - No retry, no log, no blind sleep: poll with `deadlineMs` and `signal`. Decorators of this port do the rest.
 * - Every rejection is a {@link CpiError}, or the signal's reason after an abort.
 */
export interface Cpi {
	info(): CpiInfo;
	createStemcell(image: StemcellImage, options: CallOptions): Promise<StemcellCid>;
	deleteStemcell(cid: StemcellCid, options: CallOptions): Promise<void>;
	createVm(request: VmRequest, options: CallOptions): Promise<CreatedVm>;
	/** Frees addresses and detaches disks first; the disks stay. */
	deleteVm(cid: VmCid, options: CallOptions): Promise<void>;
	/** True if it exists, whatever its power state. */
	hasVm(cid: VmCid, options: CallOptions): Promise<boolean>;
	/** Powers it on when it is off. */
	rebootVm(cid: VmCid, options: CallOptions): Promise<void>;
	setVmMetadata(cid: VmCid, metadata: Readonly<Record<string, string>>, options: CallOptions): Promise<void>;
	/** The end of what the VM wrote on its serial console, at most 64 KiB; empty if nothing is kept. Absent where the cloud keeps none. */
	consoleLog?(cid: VmCid, options: CallOptions): Promise<string>;
	createDisk(request: DiskRequest, options: CallOptions): Promise<DiskCid>;
	deleteDisk(cid: DiskCid, options: CallOptions): Promise<void>;
	hasDisk(cid: DiskCid, options: CallOptions): Promise<boolean>;
	/**
	 * Already attached to this VM: the same answer again. Attached to another VM: `invalid`, naming it; nothing moves.
	 * `mountPoint` is where the guest will have it; only clouds whose disks are file systems look at it.
	 */
	attachDisk(vm: VmCid, disk: DiskCid, options: CallOptions & { readonly mountPoint: string }): Promise<DiskHint>;
	detachDisk(vm: VmCid, disk: DiskCid, options: CallOptions): Promise<void>;
	resizeDisk(cid: DiskCid, sizeMib: number, options: CallOptions): Promise<void>;
	setDiskMetadata(cid: DiskCid, metadata: Readonly<Record<string, string>>, options: CallOptions): Promise<void>;
	snapshotDisk(
		cid: DiskCid,
		request: { readonly key: string; readonly owner: Owner; readonly metadata: Readonly<Record<string, string>> },
		options: CallOptions,
	): Promise<SnapshotCid>;
	deleteSnapshot(cid: SnapshotCid, options: CallOptions): Promise<void>;
	/** The persistent disks attached to the VM; never its root disk. */
	getDisks(vm: VmCid, options: CallOptions): Promise<readonly DiskCid[]>;
	calculateVmCloudProperties(
		resources: { readonly cpu: number; readonly ramMib: number; readonly ephemeralDiskMib: number },
		options: CallOptions,
	): Promise<CloudProperties>;
	/** What a VM or a disk with these properties takes, without the VM, disk and addresses themselves. Undefined: the cloud doesn't say. */
	resourcesOf?(thing: SizedThing, options: CallOptions): Promise<readonly ResourceUse[] | undefined>;
	/** The limits of the account or the machine. Absent where the cloud can't tell them. */
	quotas?(options: CallOptions): Promise<readonly Quota[]>;
	/** What carries an owner's mark: of one store and of one deployment, as far as given. Paged. */
	list(owner: Partial<Owner>, kind: ResourceKind, options: CallOptions & { readonly page?: string }): Promise<Page>;
	find(key: string, options: CallOptions): Promise<CloudResource | undefined>;
	/** Ends what the CPI itself keeps open (connections). Never touches VMs. */
	close(): Promise<void>;
}

/** What a CPI is made from. `properties` is its block in the cloud file; `home` is davit's own folder. */
export interface CpiSettings {
	readonly name: string;
	readonly properties: Readonly<Record<string, unknown>>;
	readonly home: string;
	readonly env: Readonly<Record<string, string | undefined>>;
}

/** The default export of every `cpis/<iaas>/index.ts`. */
export type CreateCpi = (settings: CpiSettings) => Promise<Cpi>;

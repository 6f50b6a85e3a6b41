import type { DiskCid, DiskHint, VmCid } from "../cpi/cpi.ts";
import type { Problem } from "../errors.ts";

/** One writer of a deployment: the number rises with each new holder and travels to every VM. */
export interface Fence {
	readonly deployment: string;
	readonly number: number;
}

export interface LeaseHolder {
	/** `user@host pid 123 (davit deploy)` */
	readonly holder: string;
	readonly number: number;
	/** Its process, if that is of this machine. */
	readonly pid?: number;
	/** Wall clock, ms since 1970. */
	readonly acquiredAt: number;
	readonly expiresAt: number;
}

/** Held while davit works. The holder renews it and asks `check` before every outside effect. */
export interface Lease {
	readonly fence: Fence;
	/** Aborted when the lease is lost or can't be renewed. */
	readonly signal: AbortSignal;
	/** Throws (exit code 3) if by the monotonic clock the lease may have run out, as after a process slept. */
	check(): void;
	release(): Promise<void>;
}

/** What a deploy was made from. What may hold secrets is sealed. */
export interface RecordedInputs {
	/** Absolute paths of the cloud files that it was deployed with, remembered. None: the embedded provider's, which comes with davit. */
	readonly cloudFiles: readonly string[];
	/** Absolute paths of the runtime configs, remembered. */
	readonly runtimeConfigFiles: readonly string[];
	readonly manifestFile: string;
	/** Sealed: the interpolated manifest (references to generated variables kept), and the cloud file's data. */
	readonly manifest: unknown;
	readonly cloud: unknown;
}

/** What is recorded of a deployment: enough to plan the next one. Its inputs are those of the last finished deploy, or of the first until one has. */
export interface DeploymentRecord extends RecordedInputs {
	readonly name: string;
	/** The inputs of a deploy that has begun and not finished yet. */
	readonly unfinished?: RecordedInputs;
	/** Keyed digest of the interpolated manifest and the cloud of the last finished deploy; absent if none finished. */
	readonly manifestDigest?: string;
	/** Sealed: the links that other deployments may consume; absent until a deploy has finished. */
	readonly links?: string;
	/** Wall clock of the last finished deploy. */
	readonly deployedAt?: number;
	/** Releases by `name/version`: job and package fingerprints, so that same version with other content is seen. */
	readonly releases: Readonly<
		Record<
			string,
			{ readonly jobs: Readonly<Record<string, string>>; readonly packages: Readonly<Record<string, string>> }
		>
	>;
	/** By name: digest of what an errand ran with when it last went well everywhere. */
	readonly errands?: Readonly<Record<string, string>>;
	/** Messages for people that the deploy printed at its end. */
	readonly notes: readonly string[];
}

export interface InstanceRecord {
	/** UUID, kept for the instance's whole life. */
	readonly id: string;
	readonly group: string;
	readonly index: number;
	readonly az: string;
	readonly bootstrap: boolean;
	/** `compilation`: recorded only while packages compile on its VM. */
	readonly lifecycle: "service" | "errand" | "compilation";
	/** By network name. They belong to the instance, not to its VM. */
	readonly ips: Readonly<Record<string, string>>;
	/** At /var/vcap/store. */
	readonly disk?: DiskCid;
	/** Those of the group's `persistent_disks`, by name. Absent: none. */
	readonly disks?: Readonly<Record<string, DiskCid>>;
	readonly vm?: VmRecord;
	/** Made to take the place of `vm`, whose jobs run until it is ready (create-swap-delete). */
	readonly nextVm?: SpareVm;
	/** `vm` has taken its place: it has no disk any more, and is deleted. */
	readonly formerVm?: SpareVm;
	/** What the VM's jobs were last brought to; compared with what is wanted. */
	readonly applied?: AppliedRecord;
	/** Between the first step of its update and the last: the update must be done again. */
	readonly dirty: boolean;
	/** `started`, `stopped` (soft) or `detached` (hard): what the operator last asked for. */
	readonly wanted: "started" | "stopped" | "detached";
	/** Its jobs were stopped in order, or never started on this VM, and nothing has started them since: they need not be stopped before they change, and start as if new. */
	readonly atRest?: boolean;
	readonly ignore: boolean;
}

export interface VmRecord {
	readonly cid: VmCid;
	readonly key: string;
	readonly cpi: string;
	readonly createdAt: number;
	/** Digest of everything that, changed, needs another VM; and its parts, so that the plan can say which. */
	readonly shape: Readonly<Record<string, string>>;
	/** Accepted host keys: the seed's until the swap is confirmed, then only the successor's. None until a BOSH stemcell's agent has told its. */
	readonly hostKeys: readonly string[];
	/** The disk for /var/vcap/data, where the cloud gave one. */
	readonly ephemeralDisk?: DiskHint;
	/** The login user that a BOSH stemcell's agent made. Absent: the deployment's, from user data. */
	readonly user?: string;
	/** Sealed: the endpoint of such an agent, until it is retired. */
	readonly agent?: string;
	readonly bootstrapped: boolean;
	/** Its deletion had begun when a run was cut short: it may lack parts, and is deleted before all else. */
	readonly deleting?: true;
}

/** A VM beside the instance's own, and what it has for itself. */
export interface SpareVm extends VmRecord {
	/** By network name. */
	readonly ips: Readonly<Record<string, string>>;
}

export interface AppliedRecord {
	/** By job name: keyed digests of what was rendered from (`input`) and of the result (`output`), and the fingerprint. */
	readonly jobs: Readonly<
		Record<
			string,
			{
				readonly release: string;
				readonly fingerprint: string;
				readonly input: string;
				readonly output: string;
				readonly files: readonly string[];
				/** Names of its checks, in the supervisor's table. Absent: an older davit did not note them. */
				readonly checks?: readonly string[];
			}
		>
	>;
	/** By package name. */
	readonly packages: Readonly<Record<string, string>>;
	/** Digest of names (hosts block, records.json). */
	readonly names: string;
	readonly tags: Readonly<Record<string, string>>;
	readonly postDeployed: boolean;
}

export interface DiskRecord {
	readonly cid: DiskCid;
	readonly key: string;
	readonly deployment: string;
	readonly instance: string;
	readonly instanceName: string;
	readonly cpi: string;
	readonly az: string;
	readonly sizeMib: number;
	/** Which of the group's `persistent_disks` it is, or was. Absent: the one at /var/vcap/store. */
	readonly name?: string;
	/** What it was made with. Absent: not known. */
	readonly cloudProperties?: unknown;
	/** As the guest mounted it: `ext4`, `xfs`. Absent: not known, or the cloud's disks are file systems. */
	readonly fileSystem?: string;
	/** Its cloud has refused to grow it. */
	readonly cannotGrow?: boolean;
	/** The disk that is copied to this one, which takes its place; `whole` once the copy was verified. Stays on a copy that was given up. */
	readonly copyOf?: { readonly disk: DiskCid; readonly whole: boolean };
	/** Set once the guest mounted it, or its jobs may have written on it: it is never formatted again. */
	readonly mounted: boolean;
	/** The cloud's disks are file systems and it mounts them itself: the guest never unmounts. */
	readonly mountedByCloud?: boolean;
	/** Wall clock; present when no instance has it any more. */
	readonly orphanedAt?: number;
}

/** Changes are written together or not at all. */
export type Change =
	| { readonly put: "deployment"; readonly record: DeploymentRecord }
	| { readonly put: "instance"; readonly record: InstanceRecord }
	| { readonly delete: "instance"; readonly id: string }
	| { readonly put: "disk"; readonly record: DiskRecord }
	| { readonly delete: "disk"; readonly cid: DiskCid }
	/** Deployment, its instances, leases and journal; its variables only when `variables` is true. Disks stay, orphaned. */
	| { readonly delete: "deployment"; readonly name: string; readonly variables: boolean };

export interface Recorded {
	readonly deployment: DeploymentRecord | undefined;
	readonly instances: readonly InstanceRecord[];
	/** Of this deployment, orphaned ones included. */
	readonly disks: readonly DiskRecord[];
	readonly openIntents: readonly Intent[];
}

/** Written before an outside effect. `key` is what a create carries; `data` holds no secret. */
export interface Intent {
	readonly id: number;
	readonly deployment: string;
	readonly fence: number;
	/** `createVm`, `createDisk`, `attachDisk`, `compile`, ... */
	readonly verb: string;
	readonly key: string;
	readonly data: Readonly<Record<string, unknown>>;
	readonly startedAt: number;
}

export type Outcome =
	| { readonly ok: true; readonly result: Readonly<Record<string, unknown>> }
	| { readonly ok: false; readonly problems: readonly Problem[] };

/** Ciphertext; sealed and opened by src/variables. */
export interface StoredVariable {
	readonly name: string;
	readonly type: string;
	readonly version: number;
	readonly createdAt: number;
	/** Digest of the definition that it was made from, for `converge`. */
	readonly definition: string;
	readonly sealed: string;
}

export interface RecordedEvent {
	readonly at: number;
	readonly actor: string;
	readonly deployment: string;
	readonly action: string;
	readonly object: string;
	readonly outcome: "started" | "done" | "failed";
	readonly detail: Readonly<Record<string, unknown>>;
}

/** What was compiled: a package of a release, with what it depends on, for a stemcell. */
export interface CompiledPackage {
	readonly key: string;
	/** Digest of the compiled form. */
	readonly digest: string;
	/** Absent: an older davit did not note it. */
	readonly about?: {
		readonly release: string;
		readonly package: string;
		readonly fingerprint: string;
		readonly stemcell: { readonly os: string; readonly version: string };
		/** Wall clock. */
		readonly compiledAt: number;
	};
}

/** The port to what davit remembers. Every write carries the fence and is refused (exit code 3) if a higher one was given out. */
export interface StateStore {
	/** Of the store; part of every owner tag. */
	readonly uuid: string;
	deployments(): Promise<readonly DeploymentRecord[]>;
	read(deployment: string): Promise<Recorded>;
	/** All disks without an instance, of every deployment. */
	orphanedDisks(): Promise<readonly DiskRecord[]>;
	/** Throws a UserError with exit code 3 that names the holder if somebody else holds it. */
	acquire(deployment: string, holder: string): Promise<Lease>;
	holder(deployment: string): Promise<LeaseHolder | undefined>;
	write(fence: Fence, changes: readonly Change[]): Promise<void>;
	begin(
		fence: Fence,
		intent: { readonly verb: string; readonly key: string; readonly data: Readonly<Record<string, unknown>> },
	): Promise<number>;
	/** The outcome, and the changes that it means, in one transaction. */
	finish(fence: Fence, intent: number, outcome: Outcome, changes: readonly Change[]): Promise<void>;
	/** The newest version of each, by name. Older versions are kept. */
	variables(deployment: string): Promise<readonly StoredVariable[]>;
	/** Adds versions; one that is there is never overwritten. */
	putVariables(fence: Fence, variables: readonly StoredVariable[]): Promise<void>;
	/** Compiled packages, shared by all deployments. `key` = package fingerprint and dependencies' + stemcell. */
	compiled(key: string): Promise<string | undefined>;
	putCompiled(compiled: CompiledPackage): Promise<void>;
	/** All, in the order of their keys. */
	allCompiled(): Promise<readonly CompiledPackage[]>;
	/** Forgets them; their bytes are the caller's. Absent is success. */
	deleteCompiled(keys: readonly string[]): Promise<void>;
	/** Whether watchers repair VMs, of all deployments; true until it is set. */
	resurrection(): Promise<boolean>;
	setResurrection(on: boolean): Promise<void>;
	appendEvent(event: RecordedEvent): Promise<void>;
	/** The newest `limit` events, oldest of them first. */
	events(deployment: string, limit: number): Promise<readonly RecordedEvent[]>;
	close(): Promise<void>;
}

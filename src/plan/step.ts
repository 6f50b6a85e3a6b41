import type { DiskCid, VmCid, VmNetwork } from "../cpi/cpi.ts";
import type { Guests } from "../manifest/cloud.ts";
import type { DiskRecord } from "../state/state.ts";
import type { StemcellKind, StemcellName } from "../stemcell/stemcell.ts";

/** Which of an instance's persistent disks. Without a name: the one at /var/vcap/store. */
export interface InstanceDisk {
	readonly disk: DiskCid;
	readonly name?: string;
}

/** An instance for people: `database/0`. */
export type InstanceName = string;

interface StepBase {
	/** Unique in the plan and the same for the same input, such as `create-vm database/0`. */
	readonly id: string;
	/** What the view says while it runs. */
	readonly title: string;
	/** Ids of the steps that must have finished. */
	readonly after: readonly string[];
	/** Instance name, for steps about one. */
	readonly instance?: InstanceName;
	/** The last of the instance's update: with it the instance is what the plan wants. */
	readonly settles?: true;
}

export interface ShapeStemcell extends StemcellName {
	readonly kind: StemcellKind;
	/** The image is a file that the cloud must be given first. */
	readonly heavy: boolean;
}

/** What a VM is made from; with the seed and the key it becomes the CPI's request. */
export interface VmShape {
	readonly cpi: string;
	readonly stemcell: ShapeStemcell;
	readonly cloudProperties: Readonly<Record<string, unknown>>;
	readonly networks: Readonly<Record<string, VmNetwork>>;
	readonly env: Readonly<Record<string, unknown>>;
	/** Of the cloud file: what every VM gets. */
	readonly guests: Guests;
	readonly metadata: Readonly<Record<string, string>>;
}

/** One package on one VM. `key` is the compiled package's address: package, dependencies and stemcell. */
export interface PackageUse {
	readonly name: string;
	readonly release: string;
	readonly fingerprint: string;
	readonly key: string;
	/** Names of the packages that it needs, direct ones. */
	readonly dependencies: readonly string[];
	/** The release brings it compiled, for this stemcell line, `ubuntu-jammy/1.10`: it is never compiled here. */
	readonly compiledFor?: string;
}

/** How a package comes to a VM that lacks it: it fetches it from another VM of its AZ, or from the bucket of DAVIT_BLOBS, or davit copies it there. */
export type PackageSource = "peer" | "object-store" | "ssh";

/** How long to watch a start, in ms. */
export interface Watch {
	readonly fromMs: number;
	readonly toMs: number;
}

interface OnNextVm {
	/** It is about the VM that is made to take the place of the instance's. */
	readonly onNextVm?: true;
}

/**
 * A step of a plan. A step is safe to run twice: a run that was cut short leaves it to the next, whose plan holds it
 * again if what is observed still calls for it.
 */
export type Step = StepBase &
	(
		| { readonly kind: "make-variables"; readonly variables: readonly string[] }
		| { readonly kind: "render"; readonly instances: readonly InstanceName[] }
		| { readonly kind: "delete-orphan-vm"; readonly cid: VmCid; readonly cpi: string }
		| {
				readonly kind: "stop";
				readonly jobs: readonly string[];
				/** The jobs' checks, where others of the instance run on. Absent: all checks of the VM. */
				readonly checks?: readonly string[];
				readonly next: "keep" | "delete";
				readonly drain: "update" | "shutdown";
				readonly skipDrain: boolean;
				readonly reachable: boolean;
		  }
		| (InstanceDisk & { readonly kind: "detach-disk"; readonly vm: VmCid; readonly cpi: string })
		| { readonly kind: "delete-vm"; readonly cid: VmCid; readonly cpi: string }
		| { readonly kind: "upload-stemcell"; readonly cpi: string; readonly stemcell: ShapeStemcell }
		| ({ readonly kind: "create-vm"; readonly shape: VmShape } & OnNextVm)
		/** With `isOn` it is rebooted. */
		| { readonly kind: "power-on"; readonly cid: VmCid; readonly cpi: string; readonly isOn?: true }
		| ({ readonly kind: "bootstrap-vm" } & OnNextVm)
		/** The VM that was made for it becomes the instance's: its jobs are stopped, and its persistent disk has been let go. */
		| { readonly kind: "swap-vm" }
		/** Others that don't know them yet are told the addresses that the instance has by now. With `mayMiss` one that can't be told is no failure. */
		| { readonly kind: "publish-names"; readonly to: readonly InstanceName[]; readonly mayMiss?: true }
		| {
				readonly kind: "create-disk";
				/** As in `InstanceDisk`. */
				readonly name?: string;
				readonly cpi: string;
				readonly az: string;
				readonly sizeMib: number;
				readonly cloudProperties: Readonly<Record<string, unknown>>;
				/** The instance's disk, which is to be copied to the new one. */
				readonly copyOf?: DiskCid;
		  }
		| {
				readonly kind: "copy-disk";
				/** The instance's, until the copy is whole: then it is orphaned. */
				readonly disk: DiskCid;
				readonly cpi: string;
				readonly fileSystem: string;
				readonly mountOptions: readonly string[];
		  }
		/** What an earlier run had begun to copy the instance's disk to is orphaned: it holds nothing that the disk hasn't. */
		| { readonly kind: "discard-copy"; readonly disk: DiskCid; readonly cpi: string }
		| {
				readonly kind: "attach-disk";
				readonly fileSystem: string;
				readonly mountOptions: readonly string[];
				/** An orphaned disk that the instance gets in the place of its own, which is orphaned. */
				readonly unorphan?: DiskRecord;
		  }
		/** Attaches one of the group's `persistent_disks`, and shows its device to the jobs: BOSH's agent associates it with its name. */
		| { readonly kind: "associate-disk"; readonly name: string; readonly unorphan?: DiskRecord }
		| (InstanceDisk & { readonly kind: "resize-disk"; readonly cpi: string; readonly sizeMib: number })
		| (InstanceDisk & { readonly kind: "orphan-disk" })
		| (InstanceDisk & { readonly kind: "snapshot-disk"; readonly cpi: string })
		| ({
				readonly kind: "compile-package";
				readonly package: PackageUse;
				readonly stemcell: { readonly os: string; readonly version: string };
				/** For the packages that it needs. */
				readonly sources: readonly PackageSource[];
				readonly peers?: readonly InstanceName[];
		  } & OnNextVm)
		| ({
				readonly kind: "install-packages";
				readonly packages: readonly PackageUse[];
				/** In order: where one fails, the next is used. */
				readonly sources: readonly PackageSource[];
				/**
				 * VMs of its AZ that have packages which it lacks, or get them first. Those that get them meanwhile count as well. Absent: no other
				 * VM there has to do with them.
				 */
				readonly peers?: readonly InstanceName[];
		  } & OnNextVm)
		/** What is made for the time in which packages compile; also if it has never come to be. */
		| { readonly kind: "delete-compilation-vm" }
		| { readonly kind: "update-names" }
		| { readonly kind: "install-jobs"; readonly packages: readonly PackageUse[] }
		| { readonly kind: "pre-start"; readonly jobs: readonly string[] }
		/** Without `watch` nobody waits for the processes. */
		| { readonly kind: "start"; readonly watch?: Watch }
		| { readonly kind: "post-start"; readonly jobs: readonly string[] }
		| { readonly kind: "post-deploy"; readonly jobs: readonly string[] }
		| { readonly kind: "delete-instance" }
		| { readonly kind: "errand"; readonly job: string }
		| { readonly kind: "record-deploy" }
		| { readonly kind: "forget-deployment" }
	);

export type StepKind = Step["kind"];

/** BOSH's reason names, and davit's own for what BOSH can't see. */
export type Reason =
	| "new"
	| "missing_vm"
	| "stopped_vm"
	| "unresponsive"
	| "dirty"
	| "restart"
	| "recreate"
	| "cloud_properties"
	| "stemcell"
	| "env"
	| "network"
	| "packages"
	| "persistent_disk"
	| "configuration"
	| "job"
	| "state"
	| "dns"
	| "tags"
	| "files"
	| "process"
	| "mount"
	| "obsolete";

export interface InstanceChange {
	readonly instance: InstanceName;
	readonly action: "create" | "recreate" | "update" | "names" | "start" | "stop" | "delete";
	/** It is updated ahead of its group. */
	readonly canary?: true;
	readonly reasons: readonly { readonly reason: Reason; readonly detail?: string }[];
}

/** Data: what will be done, in which order, and why. Steps are in an order that respects `after`. */
export interface Plan {
	readonly deployment: string;
	readonly steps: readonly Step[];
	readonly changes: readonly InstanceChange[];
}

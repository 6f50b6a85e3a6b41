import type { VmCid } from "../cpi/cpi.ts";
import type { InstanceRecord } from "../state/state.ts";
import { changedPackages, isConfiguredAnew } from "./changed-jobs.ts";
import type { DesiredInstance } from "./desired.ts";
import { shapeDigests } from "./desired.ts";
import { type DiskChange, diskChange, namedDiskChange } from "./disk-change.ts";
import type { Remedy } from "./remedy.ts";
import type { InstanceName, Reason } from "./step.ts";
import { detachDiff, stillRuns } from "./stop-diff.ts";

/** What a VM said of itself in one round trip. */
export type MachineView =
	| { readonly reachable: false; readonly why: string }
	| {
			readonly reachable: true;
			/** Rendered files that are gone. Edited ones are no drift: real jobs edit each other's. */
			readonly missingFiles: readonly string[];
			/** Processes that are monitored and don't run. */
			readonly failingProcesses: readonly string[];
			/** Processes that run, or would be started again. */
			readonly activeProcesses: readonly string[];
			/** True if there is nothing at the persistent disk's mount point. */
			readonly unmounted: boolean;
			/** Names of disks that its jobs don't find. */
			readonly missingDisks: readonly string[];
			/** False if the VM lost what bootstrap made. */
			readonly bootstrapped: boolean;
	  };

/** What was seen at the clouds and on the VMs. */
export interface Observed {
	/** By cid; a recorded VM that is absent here is gone. */
	readonly vms: ReadonlyMap<VmCid, { readonly state: string }>;
	readonly machines: ReadonlyMap<InstanceName, MachineView>;
}

export interface WhyChanged {
	readonly reason: Reason;
	readonly detail?: string;
}

/** What must happen to one instance, and why. */
export interface InstanceDiff {
	readonly desired: DesiredInstance;
	/** `keep`: nothing. `names`: names and tags only, nothing stops. `vm` says what happens to the VM. */
	readonly action: "keep" | "names" | "update" | "create";
	readonly vm: "keep" | "power-on" | "bootstrap" | "replace" | "swap" | "create" | "remove";
	readonly reasons: readonly WhyChanged[];
	/** The old VM answers, so its jobs can be stopped in order. */
	readonly reachable: boolean;
	/** Processes of its jobs were seen to run, or would be started again. */
	readonly runs?: boolean;
	/** Of a `swap`: the VM that a run which was cut short has made for it, and that is what is wanted. */
	readonly nextVm?: VmCid;
	/** Its persistent disk becomes another, or larger. */
	readonly diskChange?: DiskChange;
	/** Names of its other disks that become larger. */
	readonly growing?: readonly string[];
	readonly remedy?: Remedy;
}

export interface DiffOptions {
	/** Recreate VMs that don't answer, instead of failing. */
	readonly fix: boolean;
	readonly recreate: boolean;
	/** With `recreate`, only VMs that were made before: wall clock, ms since 1970. */
	readonly createdBefore?: number | undefined;
	readonly restart: boolean;
	/** Whether a CPI grows disks in place. */
	readonly canResize: (cpi: string) => boolean;
	/** By instance; none unless given. */
	readonly remedies?: ReadonlyMap<InstanceName, Remedy>;
}

/** Compares one desired instance with what is recorded and observed. An unreachable VM without `fix` is left to the caller to refuse. */
export function diffInstance(desired: DesiredInstance, observed: Observed, options: DiffOptions): InstanceDiff {
	const change = diskChange(desired, options.canResize);
	const named = desired.disks.map((disk) => ({ name: disk.name, change: namedDiskChange(disk, options.canResize) }));
	const remedy = options.remedies?.get(desired.name);
	const diff = compare(desired, observed, { ...options, remedy, because: diskReasons(desired, change, named) });
	const growing = named.flatMap(({ name, change: own }) => (own?.how === "grow" ? [name] : []));
	return {
		...diff,
		...(change ? { diskChange: change } : {}),
		...(growing.length > 0 ? { growing } : {}),
		...(remedy ? { remedy } : {}),
	};
}

interface CompareOptions extends DiffOptions {
	readonly because: readonly WhyChanged[];
	readonly remedy: Remedy | undefined;
}

function compare(
	desired: DesiredInstance,
	observed: Observed,
	{ because, remedy, ...options }: CompareOptions,
): InstanceDiff {
	const record = desired.record;
	const vm = record?.vm;
	const machine = observed.machines.get(desired.name);
	const reachable = machine?.reachable === true;
	const runs = machine?.reachable === true && machine.activeProcesses.length > 0;
	if (record?.ignore) return { desired, action: "keep", vm: "keep", reasons: [], reachable };
	if (record?.wanted === "detached") return detachDiff(desired, observed);
	if (!record || !vm) {
		const fresh: WhyChanged = record?.applied ? { reason: "missing_vm" } : { reason: "new" };
		return { desired, action: "create", vm: "create", reasons: [fresh], reachable: false };
	}
	const seen = observed.vms.get(vm.cid);
	if (!seen)
		return {
			desired,
			action: "create",
			vm: "create",
			reasons: [{ reason: "missing_vm", detail: `VM ${vm.cid} is gone` }],
			reachable: false,
		};
	const unfit = vm.deleting
		? "was being deleted"
		: seen.state === "stopped" && !vm.bootstrapped
			? "went off before it was ever prepared"
			: undefined;
	if (unfit !== undefined) {
		const why: WhyChanged = { reason: "missing_vm", detail: `VM ${vm.cid} ${unfit}` };
		return { desired, action: "create", vm: "create", reasons: [why], reachable: false };
	}
	const replaced = replaceReasons(desired, options);
	if (replaced.length > 0) {
		const inside = [...(record.applied ? appliedReasons(desired) : []), ...because];
		const whole = { desired, action: "update", reasons: [...replaced, ...inside], reachable, runs } as const;
		if (!desired.shapeInPlace || seen.state === "stopped" || !reachable) return { ...whole, vm: "replace" };
		return { ...whole, vm: "swap", ...nextVm(desired, observed) };
	}
	if (seen.state === "stopped") {
		const off: WhyChanged = { reason: "stopped_vm", detail: `VM ${vm.cid} is powered off` };
		const inside = [...appliedReasons(desired), ...because];
		const how = remedy?.how === "recreate" ? "replace" : "power-on";
		return { desired, action: "update", vm: how, reasons: [off, ...inside], reachable };
	}
	if (!vm.bootstrapped)
		return { desired, action: "create", vm: "bootstrap", reasons: [{ reason: "new" }], reachable: false };
	if (!machine?.reachable) {
		const why: WhyChanged = { reason: "unresponsive", detail: machine?.why ?? "not asked" };
		const inside = remedy?.how === "reboot" ? [...appliedReasons(desired), ...because] : [];
		const how = silentVm(options.fix, remedy);
		return { desired, action: "update", vm: how, reasons: [why, ...inside], reachable: false };
	}
	if (!machine.bootstrapped)
		return {
			desired,
			action: "update",
			vm: "bootstrap",
			reasons: [{ reason: "files", detail: "what bootstrap made is gone" }],
			reachable,
		};
	const reasons = [
		...appliedReasons(desired),
		...driftReasons(desired, machine, remedy),
		...because,
		...(options.restart || isRebooted(remedy) ? [{ reason: "restart" as const }] : []),
	];
	if (reasons.length > 0) return { desired, action: "update", vm: "keep", reasons, reachable, runs };
	const dns = record.applied?.names === desired.names ? [] : [{ reason: "dns" as const }];
	return { desired, action: dns.length > 0 ? "names" : "keep", vm: "keep", reasons: dns, reachable };
}

/** Whether it is rebooted though it answers. */
export function isRebooted(remedy: Remedy | undefined): boolean {
	return remedy?.how === "reboot" && remedy.always === true;
}

/** What happens to a VM that does not answer. */
function silentVm(fix: boolean, remedy: Remedy | undefined): InstanceDiff["vm"] {
	if (remedy?.how === "reboot") return "power-on";
	return fix || remedy?.how === "recreate" ? "replace" : "keep";
}

function nextVm({ record, shape }: DesiredInstance, { vms }: Observed): Pick<InstanceDiff, "nextVm"> {
	const made = record?.nextVm;
	if (!made || made.deleting) return {};
	const wanted = Object.entries(shapeDigests(shape)).every(([part, digest]) => made.shape[part] === digest);
	const runs = vms.has(made.cid) && vms.get(made.cid)?.state !== "stopped";
	return wanted && runs ? { nextVm: made.cid } : {};
}

function replaceReasons(desired: DesiredInstance, options: DiffOptions): WhyChanged[] {
	const former = desired.record?.vm?.shape ?? {};
	const changed = Object.entries(shapeDigests(desired.shapeInPlace ?? desired.shape)).flatMap(
		([reason, digest]): WhyChanged[] => {
			if (former[reason] === digest) return [];
			return [
				{ reason: reason as Reason, ...(reason === "stemcell" ? { detail: `${former[reason]} → ${digest}` } : {}) },
			];
		},
	);
	return isRecreated(desired.record, options) ? [{ reason: "recreate" }, ...changed] : changed;
}

/** True if the instance is to get another VM whatever its own is. */
export function isRecreated(
	record: InstanceRecord | undefined,
	{
		recreate = false,
		createdBefore = Number.POSITIVE_INFINITY,
	}: Partial<Pick<DiffOptions, "recreate" | "createdBefore">>,
): boolean {
	return recreate && (record?.vm?.createdAt ?? 0) < createdBefore;
}

function appliedReasons(desired: DesiredInstance): WhyChanged[] {
	const record = desired.record;
	const applied = record?.applied;
	const reasons: WhyChanged[] = [];
	if (record?.dirty) reasons.push({ reason: "dirty", detail: "its last update did not finish" });
	if (!applied) return reasons.length > 0 ? reasons : [{ reason: "new" }];
	const wanted = new Map(desired.jobs.map((job) => [job.job.name, job]));
	for (const name of Object.keys(applied.jobs))
		if (!wanted.has(name)) reasons.push({ reason: "job", detail: `job ${name} is no longer wanted` });
	for (const [name, job] of wanted) {
		const former = applied.jobs[name];
		if (!former) reasons.push({ reason: "job", detail: `job ${name} is new` });
		else if (former.fingerprint !== job.job.fingerprint)
			reasons.push({ reason: "job", detail: `job ${name} is another version` });
		else if (isConfiguredAnew(job, applied)) reasons.push({ reason: "configuration", detail: `job ${name}` });
	}
	for (const name of changedPackages(desired)) reasons.push({ reason: "packages", detail: `package ${name}` });
	const gone = Object.keys(applied.packages).filter((name) => !desired.packages.some((use) => use.name === name));
	for (const name of gone) reasons.push({ reason: "packages", detail: `package ${name} is no longer wanted` });
	return reasons;
}

function driftReasons(
	desired: DesiredInstance,
	machine: Extract<MachineView, { reachable: true }>,
	remedy: Remedy | undefined,
): WhyChanged[] {
	const reasons: WhyChanged[] = [];
	for (const file of machine.missingFiles) reasons.push({ reason: "files", detail: `${file} is gone` });
	const stopped = desired.record?.wanted === "stopped";
	const atRest = desired.record?.atRest === true;
	if (atRest && !stopped && !desired.record?.dirty) reasons.push({ reason: "state", detail: "it was stopped" });
	if (stopped) reasons.push(...stillRuns(machine.activeProcesses));
	for (const process of stopped || atRest ? [] : machine.failingProcesses)
		reasons.push({ reason: "process", detail: `${process} does not run` });
	for (const cid of remedy?.reattach?.keys() ?? [])
		reasons.push({ reason: "mount", detail: `disk ${cid} is not where it should be` });
	if (desired.disk && machine.unmounted)
		reasons.push({ reason: "mount", detail: "the persistent disk is not mounted" });
	for (const name of machine.missingDisks)
		if (desired.disks.some((disk) => disk.name === name))
			reasons.push({ reason: "mount", detail: `the persistent disk ${name} is not there for its jobs` });
	return reasons;
}

function diskReasons(
	{ disk, disks, record, diskCopy }: DesiredInstance,
	change: DiskChange | undefined,
	named: readonly { readonly name: string; readonly change: DiskChange | undefined }[],
): readonly WhyChanged[] {
	const because = (detail: string): WhyChanged => ({ reason: "persistent_disk", detail });
	const unwanted = Object.keys(record?.disks ?? {}).filter((name) => !disks.some((each) => each.name === name));
	const others = [
		...disks.flatMap(({ name }) => (record?.disks?.[name] === undefined ? [because(`${name}: it has none yet`)] : [])),
		...named.flatMap(({ name, change: own }) => (own ? [because(`${name}: ${own.detail}`)] : [])),
		...unwanted.map((name) => because(`${name}: it is not wanted any more`)),
	];
	if (change) return [because(change.detail), ...others];
	if (disk && !record?.disk) return [because("it has none yet"), ...others];
	if (!disk && record?.disk) return [because("none is wanted any more"), ...others];
	return diskCopy ? [because("a copy of it had begun, and is not wanted any more"), ...others] : others;
}

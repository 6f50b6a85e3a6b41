import type { InstanceRecord } from "../state/state.ts";
import { changedJobs } from "./changed-jobs.ts";
import { type InstanceDiff, isRebooted } from "./diff-instance.ts";
import { isAsWanted } from "./disk-change.ts";
import { disksOf } from "./named-disks.ts";
import type { InstanceDisk, PackageSource, Step } from "./step.ts";

type Bare<S> = S extends Step ? Omit<S, "id" | "title" | "after" | "instance"> : never;
/** A step's own data, before it has a place in the plan. */
export type StepData = Bare<Step>;

/** The two halves of bringing one instance to what is wanted. */
export interface InstanceSteps {
	/** Needs nobody else and stops nothing: its VM is made while others' are. */
	readonly prepare: readonly StepData[];
	/** In order, in the instance's turn by canaries and max_in_flight. */
	readonly update: readonly StepData[];
}

export interface StepOptions {
	/** Groups whose drain scripts are passed over. */
	readonly skipDrain: ReadonlySet<string>;
	/** Persistent disks are kept as they are, in snapshots, once an instance is stopped for an update. */
	readonly snapshots?: boolean;
	/** Where VMs get packages from; over SSH alone unless given. */
	readonly sources?: readonly PackageSource[];
}

/** Steps for one instance, without `install-packages` and `render`, which the plan weaves in between. */
export function instanceSteps(diff: InstanceDiff, options: StepOptions): InstanceSteps {
	if (diff.action === "keep") return { prepare: [], update: [] };
	if (diff.action === "names") return { prepare: [], update: [{ kind: "update-names" }] };
	const { desired } = diff;
	const record = desired.record;
	if (diff.vm === "remove" && record)
		return { prepare: [], update: settled([...stop(diff, options), ...removeVm(record)]) };
	if (diff.vm === "keep" && record && (diff.remedy?.reattach || isRebooted(diff.remedy)))
		return { prepare: [], update: remedySteps(diff, record, options) };
	const onlyOff = diff.vm === "power-on" && diff.reasons.length === 1;
	if (onlyOff) return { prepare: [], update: settled([...powerOn(diff), ...attach(diff), ...startStep(diff)]) };
	if (onlyProcesses(diff)) return { prepare: [], update: settled(startStep(diff)) };
	if (onlyRuns(diff)) return { prepare: [], update: settled(stop(diff, options)) };
	const fresh: StepData[] = [{ kind: "create-vm", shape: desired.shape }, { kind: "bootstrap-vm" }];
	// A VM that is gone may still hold the disk, and a cloud may keep parts of it.
	const gone = record?.vm ? removeVm(record) : [];
	const prepare = diff.vm === "create" ? [...gone, ...fresh] : diff.vm === "bootstrap" ? [fresh[1] as StepData] : [];
	if (diff.vm === "swap") return { prepare, update: swapSteps(diff, options) };
	const before =
		diff.vm === "replace"
			? [...stop(diff, options), ...removeVm(record as InstanceRecord), ...fresh]
			: [...powerOn(diff), ...(diff.vm === "keep" || copies(diff) ? stop(diff, options) : [])];
	return { prepare, update: [...before, ...attach(diff), ...jobSteps(diff)] };
}

/** A disk that is lost to the guest may still look mounted there: it is let go as one that is there. What boots has its disks. */
function remedySteps(diff: InstanceDiff, record: InstanceRecord, options: StepOptions): readonly StepData[] {
	const { remedy } = diff;
	const off = (remedy?.reattach ? letGo(record) : []).map((step) => {
		const vm = step.kind === "detach-disk" ? remedy?.reattach?.get(step.disk) : undefined;
		return vm === undefined ? step : { ...step, vm };
	});
	const reboot = remedy?.how === "reboot" ? rebootStep(diff) : [];
	return [...stop(diff, options), ...off, ...attach(diff), ...reboot, ...jobSteps(diff)];
}

/** The old VM's jobs run until the new one is prepared; it is deleted once the new one's run. */
function swapSteps(diff: InstanceDiff, options: StepOptions): readonly StepData[] {
	const { desired, nextVm } = diff;
	const record = desired.record as InstanceRecord;
	const make: StepData[] = nextVm ? [] : [{ kind: "create-vm", shape: desired.shape, onNextVm: true }];
	return [
		...make,
		{ kind: "bootstrap-vm", onNextVm: true },
		...stop(diff, options),
		...letGo(record),
		{ kind: "swap-vm" },
		...attach(diff),
		...jobSteps(diff),
		...deleteVm(record),
	];
}

/** Jobs come back by themselves on a VM that is powered on, and must not run while what they wrote is copied. */
function copies({ vm, diskChange }: InstanceDiff): boolean {
	return vm === "power-on" && diskChange?.how === "copy";
}

function settled(steps: readonly StepData[]): readonly StepData[] {
	return steps.map((step, position) => (position === steps.length - 1 ? { ...step, settles: true } : step));
}

/** Everything is as it should be but what was stopped or died: nothing else is touched. */
function onlyProcesses({ vm, reasons }: InstanceDiff): boolean {
	return vm === "keep" && reasons.every(({ reason }) => reason === "process");
}

/** Everything is as it should be but that it runs. */
function onlyRuns({ vm, reasons, desired }: InstanceDiff): boolean {
	return vm === "keep" && desired.record?.wanted === "stopped" && reasons.every(({ reason }) => reason === "state");
}

/** Steps that end an instance that nobody wants: its disks are kept, orphaned. */
export function obsoleteSteps(record: InstanceRecord, reachable: boolean, skipDrain: boolean): StepData[] {
	const jobs = Object.keys(record.applied?.jobs ?? {});
	const stops: StepData[] =
		record.vm && record.applied && !record.vm.deleting
			? [{ kind: "stop", jobs, next: "delete", drain: "shutdown", skipDrain, reachable }]
			: [];
	const orphan = disksOf(record).map((disk): StepData => ({ kind: "orphan-disk", ...disk }));
	return [...stops, ...(record.vm ? removeVm(record) : []), ...orphan, { kind: "delete-instance" }];
}

function powerOn(diff: InstanceDiff): StepData[] {
	const { vm, reasons } = diff;
	if (vm !== "power-on") return [];
	return rebootStep(diff, reasons.some(({ reason }) => reason === "stopped_vm") ? {} : { isOn: true });
}

function rebootStep(
	{ desired: { record } }: InstanceDiff,
	isOn: { readonly isOn?: true } = { isOn: true },
): StepData[] {
	return record?.vm ? [{ kind: "power-on", cid: record.vm.cid, cpi: record.vm.cpi, ...isOn }] : [];
}

/** As in BOSH, drain is told of a shutdown also when the persistent disk changes. */
function stop({ desired, reachable, runs, vm, reasons }: InstanceDiff, options: StepOptions): StepData[] {
	const former = desired.record?.applied?.jobs ?? {};
	const changed =
		vm === "keep"
			? changedJobs(
					desired,
					reasons.map(({ reason }) => reason),
				)
			: undefined;
	const jobs = changed ?? Object.keys(former);
	const rests = desired.record?.atRest === true && !runs;
	if (jobs.length === 0 || rests) return [];
	const isNoMore = vm === "replace" || vm === "swap" || vm === "remove";
	const skipDrain = options.skipDrain.has(desired.group.name) || options.skipDrain.has("*");
	return [
		{
			kind: "stop",
			jobs,
			...(changed ? { checks: changed.flatMap((job) => former[job]?.checks ?? []) } : {}),
			next: isNoMore ? "delete" : "keep",
			drain: isNoMore || reasons.some(({ reason }) => reason === "persistent_disk") ? "shutdown" : "update",
			skipDrain,
			reachable,
		},
		...(options.snapshots && !changed ? snapshot(desired.record) : []),
	];
}

function snapshot(record: InstanceRecord | undefined): StepData[] {
	const { vm } = record ?? {};
	return record && vm ? disksOf(record).map((disk) => ({ kind: "snapshot-disk", ...disk, cpi: vm.cpi })) : [];
}

function removeVm(record: InstanceRecord): StepData[] {
	return [...letGo(record), ...deleteVm(record)];
}

function letGo(record: InstanceRecord): StepData[] {
	const { vm } = record;
	if (!vm) return [];
	return disksOf(record).map((disk): StepData => ({ kind: "detach-disk", ...disk, vm: vm.cid, cpi: vm.cpi }));
}

function deleteVm({ vm }: InstanceRecord): StepData[] {
	return vm ? [{ kind: "delete-vm", cid: vm.cid, cpi: vm.cpi }] : [];
}

function attach(diff: InstanceDiff): StepData[] {
	return [...attachStore(diff), ...attachNamed(diff)];
}

function attachStore(diff: InstanceDiff): StepData[] {
	const { desired } = diff;
	const { disk, record, shape, placed } = desired;
	if (!disk) return dropDisk(diff);
	const make: StepData[] = record?.disk
		? []
		: [
				{
					kind: "create-disk",
					cpi: shape.cpi,
					az: placed.az,
					sizeMib: disk.sizeMib,
					cloudProperties: disk.cloudProperties,
				},
			];
	const { fileSystem, mountOptions } = disk;
	return [...make, ...changeDisk(diff), { kind: "attach-disk", fileSystem, mountOptions }];
}

/** What is no longer wanted goes first, so that a VM never has more disks than the manifest has, and a name is free. */
function attachNamed({ desired: { disks, record, shape, placed }, growing = [], ...diff }: InstanceDiff): StepData[] {
	const had = record ? disksOf(record) : [];
	const unwanted = had.filter(({ name }) => name !== undefined && !disks.some((disk) => disk.name === name));
	return [
		...unwanted.flatMap((disk) => drop(disk, { ...diff, record, cpi: shape.cpi })),
		...disks.flatMap(({ name, sizeMib, cloudProperties }): StepData[] => {
			const there = had.find((disk) => disk.name === name);
			const { cpi } = shape;
			const make: StepData[] = there
				? []
				: [{ kind: "create-disk", name, cpi, az: placed.az, sizeMib, cloudProperties }];
			const grow: StepData[] = there && growing.includes(name) ? [{ kind: "resize-disk", ...there, cpi, sizeMib }] : [];
			return [...make, ...grow, { kind: "associate-disk", name }];
		}),
	];
}

/** A copy that was begun and is what is wanted goes on; every other is given up. */
function changeDisk({ desired, diskChange }: InstanceDiff): StepData[] {
	const { disk, formerDisk, diskCopy } = desired;
	if (!disk || !formerDisk) return [];
	const { cid, cpi, az } = formerDisk;
	const { sizeMib, cloudProperties, fileSystem, mountOptions } = disk;
	const goesOn = diskChange?.how === "copy" && diskCopy !== undefined && isAsWanted(diskCopy, disk);
	const discard: StepData[] = diskCopy && !goesOn ? [{ kind: "discard-copy", disk: diskCopy.cid, cpi }] : [];
	if (!diskChange) return discard;
	if (diskChange.how === "grow") return [...discard, { kind: "resize-disk", disk: cid, cpi, sizeMib }];
	const make: StepData[] = goesOn ? [] : [{ kind: "create-disk", cpi, az, sizeMib, cloudProperties, copyOf: cid }];
	return [...discard, ...make, { kind: "copy-disk", disk: cid, cpi, fileSystem, mountOptions }];
}

function dropDisk({ desired: { record, shape }, vm }: InstanceDiff): StepData[] {
	return record?.disk ? drop({ disk: record.disk }, { vm, record, cpi: shape.cpi }) : [];
}

/** A disk that is no longer wanted. A VM that was replaced has let go of it already. */
function drop(
	disk: InstanceDisk,
	{ vm, record, cpi }: Pick<InstanceDiff, "vm"> & { readonly record: InstanceRecord | undefined; readonly cpi: string },
): StepData[] {
	const attachedTo = vm === "replace" || vm === "create" || vm === "swap" ? undefined : record?.vm?.cid;
	const detach: StepData[] = attachedTo ? [{ kind: "detach-disk", ...disk, vm: attachedTo, cpi }] : [];
	return [...detach, { kind: "orphan-disk", ...disk }];
}

/** Brings the jobs of a stopped instance up, in BOSH's order; those of one that is to stay stopped are only put there. */
export function jobSteps(diff: InstanceDiff): readonly StepData[] {
	const { desired } = diff;
	const jobs = desired.jobs.map(({ job }) => job.name);
	const there: StepData[] = [{ kind: "update-names" }, { kind: "install-jobs", packages: desired.packages }];
	if (desired.record?.wanted === "stopped") return settled(there);
	const postStart: StepData[] = diff.remedy?.waits === false ? [] : [{ kind: "post-start", jobs }];
	return settled([...there, { kind: "pre-start", jobs }, ...startStep(diff), ...postStart]);
}

function startStep({ desired, remedy }: InstanceDiff): StepData[] {
	const { fromMs, toMs } = desired.group.update.updateWatchTime;
	if (desired.record?.wanted === "stopped") return [];
	return [{ kind: "start", ...(remedy?.waits === false ? {} : { watch: { fromMs, toMs } }) }];
}

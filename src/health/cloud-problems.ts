import type { DiskCid, VmCid } from "../cpi/cpi.ts";
import type { MachineView, Observed } from "../plan/diff-instance.ts";
import { copiesOf } from "../plan/disk-change.ts";
import { disksOf } from "../plan/named-disks.ts";
import type { UnwantedVm } from "../plan/spare-vms.ts";
import type { InstanceDisk, InstanceName } from "../plan/step.ts";
import type { DiskRecord, InstanceRecord } from "../state/state.ts";
import { type ProblemKind, RESOLUTIONS_OF, type Resolution } from "./resolutions.ts";

/** Where records and clouds don't agree. */
export interface CloudProblem {
	/** From 1, in the order in which they are shown. */
	readonly id: number;
	readonly kind: ProblemKind;
	readonly description: string;
	readonly instance?: InstanceName;
	/** Of the VM or the disk that it is about. */
	readonly cid?: string;
	/** Of a disk: the VM at which it hangs instead of the instance's own. */
	readonly attachedTo?: VmCid;
	/** The default first. */
	readonly resolutions: readonly Resolution[];
}

/** What the records and the clouds say of a deployment. */
export interface CloudView extends Observed {
	/** All but compilation VMs. */
	readonly instances: readonly InstanceRecord[];
	/** Of the deployment, orphaned ones included. */
	readonly disks: readonly DiskRecord[];
	readonly orphanVms: readonly UnwantedVm[];
	/** Recorded disks of which the cloud says where they are. Absent: it can't tell. */
	readonly places: ReadonlyMap<DiskCid, { readonly attachedTo?: VmCid }>;
	/** Recorded disks of which the cloud says that it has none. */
	readonly goneDisks: ReadonlySet<DiskCid>;
	/** Disks at the clouds that no record knows. */
	readonly unknownDisks: readonly DiskRecord[];
	/** A deploy has begun and not finished: what is half done is left to `davit resume`. */
	readonly deployUnfinished: boolean;
}

type Found = Omit<CloudProblem, "id" | "resolutions"> & { readonly resolutions?: readonly Resolution[] };

/** All problems: VMs first, then disks, as BOSH scans them. What is ignored, or stopped with its VM, has none. */
export function findCloudProblems(view: CloudView): readonly CloudProblem[] {
	const expected = view.instances
		.filter(({ lifecycle, ignore, wanted }) => lifecycle === "service" && !ignore && wanted !== "detached")
		.sort((a, b) => (a.group === b.group ? a.index - b.index : a.group < b.group ? -1 : 1));
	const found: readonly Found[] = [
		...sharedVms(view.instances),
		...expected.flatMap((record) => vmProblem(record, view)),
		...expected.flatMap((record) => diskProblems(record, view)),
		...inactiveDisks(expected, view),
		...view.orphanVms.map(({ cid, name }): Found => {
			return { kind: "unknown_vm", cid, description: `VM ${cid} (${name}) is at the cloud, and no record knows it` };
		}),
		...view.unknownDisks.map(({ cid, instanceName, sizeMib }): Found => {
			const description = `disk ${cid} (${instanceName}, ${sizeMib} MiB) is at the cloud, and no record knows it`;
			return { kind: "unknown_disk", cid, description };
		}),
	];
	return found.map((each, index) => ({ id: index + 1, resolutions: RESOLUTIONS_OF[each.kind], ...each }));
}

/** Whatever is done to one of these would be done to the other. */
function sharedVms(instances: readonly InstanceRecord[]): readonly Found[] {
	const byVm = Map.groupBy(
		instances.filter(({ vm }) => vm !== undefined),
		({ vm }) => JSON.stringify([vm?.cpi, vm?.cid]),
	);
	return [...byVm.values()].flatMap((all): readonly Found[] => {
		const [{ vm } = {}] = all;
		if (all.length < 2 || !vm) return [];
		const names = all.map(nameOf).join(" and ");
		return [{ kind: "shared_vm", cid: vm.cid, description: `${names} are recorded with the same VM, ${vm.cid}` }];
	});
}

function vmProblem(record: InstanceRecord, view: CloudView): readonly Found[] {
	const { vm, dirty } = record;
	const instance = nameOf(record);
	const found = (kind: ProblemKind, text: string): readonly Found[] => [
		{ kind, instance, ...(vm ? { cid: vm.cid } : {}), description: text },
	];
	if (!vm) return view.deployUnfinished ? [] : found("missing_vm", `${instance} has no VM`);
	const seen = view.vms.get(vm.cid);
	if (!seen) return found("missing_vm", `VM ${vm.cid} of ${instance} is gone at the cloud`);
	if (vm.deleting) return found("missing_vm", `VM ${vm.cid} of ${instance} was being deleted`);
	if (seen.state === "stopped") {
		const kind = vm.bootstrapped ? "stopped_vm" : "missing_vm";
		return found(
			kind,
			`VM ${vm.cid} of ${instance} is powered off${vm.bootstrapped ? "" : ", and never was prepared"}`,
		);
	}
	const machine = view.machines.get(instance);
	if (machine?.reachable === false)
		return found(
			"unresponsive_agent",
			`VM ${vm.cid} of ${instance} is there, and does not answer over SSH: ${machine.why}`,
		);
	const isDue = (dirty || !vm.bootstrapped) && !view.deployUnfinished;
	return isDue ? found("unfinished_update", `what was last done to ${instance} was cut short`) : [];
}

/** Disks hang at VMs that answer, or nothing can be said of them but that they are gone. */
function diskProblems(record: InstanceRecord, view: CloudView): readonly Found[] {
	const machine = view.machines.get(nameOf(record));
	return disksOf(record).flatMap((disk) => {
		if (view.goneDisks.has(disk.disk))
			return [diskProblem(record, disk, "missing_disk", `${said(record, disk, view)} is gone at the cloud`)];
		const { vm } = record;
		if (!vm || !machine?.reachable) return [];
		const place = view.places.get(disk.disk);
		const attachedTo = place?.attachedTo;
		const wrong = misplaced(disk, vm.cid, { place, machine });
		if (wrong === undefined) return [];
		const text = `${said(record, disk, view)} should be attached to VM ${vm.cid}, ${wrong}`;
		const other = attachedTo !== undefined && attachedTo !== vm.cid ? { attachedTo } : {};
		return [{ ...diskProblem(record, disk, "mount_info_mismatch", text), ...other }];
	});
}

function misplaced(
	{ name }: InstanceDisk,
	own: VmCid,
	{
		place,
		machine,
	}: {
		readonly place: { readonly attachedTo?: VmCid } | undefined;
		readonly machine: Extract<MachineView, { reachable: true }>;
	},
): string | undefined {
	if (place && place.attachedTo === undefined) return "and is attached to no VM";
	if (place && place.attachedTo !== own) return `and is attached to VM ${place.attachedTo}`;
	const lost = name === undefined ? machine.unmounted : machine.missingDisks.includes(name);
	return lost ? "and its jobs don't find it there" : undefined;
}

/** A disk that another one was being copied to; if that one is no more, and the copy was whole, it can be the instance's. */
function inactiveDisks(expected: readonly InstanceRecord[], view: CloudView): readonly Found[] {
	return [...copiesOf(view.disks)].flatMap(([from, copy]): readonly Found[] => {
		const record = expected.find(({ id }) => id === copy.instance);
		if (!record || disksOf(record).some(({ disk }) => disk === copy.cid)) return [];
		const whole = copy.copyOf?.whole === true;
		const text = `${said(record, { disk: copy.cid }, view)} is inactive: disk ${from} was being copied to it${whole ? ", and the copy is whole" : ""}`;
		const canBe = whole && record.disk === undefined;
		const resolutions = RESOLUTIONS_OF.inactive_disk.filter((each) => each !== "activate_disk" || canBe);
		return [{ ...diskProblem(record, { disk: copy.cid }, "inactive_disk", text), resolutions }];
	});
}

function diskProblem(record: InstanceRecord, { disk }: InstanceDisk, kind: ProblemKind, description: string): Found {
	return { kind, instance: nameOf(record), cid: disk, description };
}

function said(record: InstanceRecord, { disk, name }: InstanceDisk, { disks }: CloudView): string {
	const size = disks.find(({ cid }) => cid === disk)?.sizeMib;
	const more = [...(name === undefined ? [] : [name]), ...(size === undefined ? [] : [`${size} MiB`])];
	return `disk ${disk}${more.length > 0 ? ` (${more.join(", ")})` : ""} of ${nameOf(record)}`;
}

function nameOf({ group, index }: InstanceRecord): InstanceName {
	return `${group}/${index}`;
}

/**
 * Why it may be the network between here and the VMs that is cut, and not they that are ill: more than half of those that the cloud says are
 * there don't answer. Undefined: it does not look so.
 */
export function cutOff({ instances, machines }: CloudView, problems: readonly CloudProblem[]): string | undefined {
	const silent = problems.filter(({ kind }) => kind === "unresponsive_agent").length;
	const asked = instances.filter((record) => machines.has(nameOf(record))).length;
	if (silent < 2 || silent * 2 <= asked) return undefined;
	return `${silent} of ${asked} VMs do not answer, and the cloud says that they run: the network between here and them may be cut`;
}

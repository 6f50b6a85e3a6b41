import { describe, expect, test } from "vitest";
import type { DiskCid, VmCid } from "../../../src/cpi/cpi.ts";
import { type CloudView, cutOff, findCloudProblems } from "../../../src/health/cloud-problems.ts";
import type { MachineView } from "../../../src/plan/diff-instance.ts";
import type { InstanceRecord, VmRecord } from "../../../src/state/state.ts";
import { diskRecord, record, wellMachine } from "../../support/plan-fixtures.ts";

const silent: MachineView = { reachable: false, why: "no answer" };

function vm(cid: string, more: Partial<VmRecord> = {}): VmRecord {
	const own = { cid: cid as VmCid, key: "k", cpi: "local", createdAt: 0, shape: {}, hostKeys: [], bootstrapped: true };
	return { ...own, ...more };
}

/** `db/0` with VM vm-db and disk disk-db. */
function db(more: Partial<InstanceRecord> = {}): InstanceRecord {
	return record("db", 0, { vm: vm("vm-db"), disk: "disk-db" as DiskCid, ...more });
}

interface Seen extends Partial<CloudView> {
	readonly db?: Partial<InstanceRecord>;
	readonly machine?: MachineView;
	readonly state?: string;
	/** undefined: attached to its VM. */
	readonly place?: { readonly attachedTo?: VmCid } | "unknown";
}

/** All is well but for what is given. */
function view({ db: changed, machine = wellMachine, state = "running", place, ...more }: Seen = {}): CloudView {
	const at = place ?? { attachedTo: "vm-db" as VmCid };
	return {
		instances: [db(changed)],
		disks: [diskRecord("disk-db", { instance: "db-0-id", instanceName: "db/0" })],
		vms: new Map(state === "gone" ? [] : [["vm-db" as VmCid, { state }]]),
		machines: new Map(state === "running" ? [["db/0", machine]] : []),
		orphanVms: [],
		places: new Map(at === "unknown" ? [] : [["disk-db" as DiskCid, at]]),
		goneDisks: new Set(),
		unknownDisks: [],
		deployUnfinished: false,
		...more,
	};
}

const copy = (more: object = {}) =>
	diskRecord("disk-new", {
		...{ instance: "db-0-id", instanceName: "db/0", sizeMib: 200 },
		copyOf: { disk: "disk-db" as DiskCid, whole: false },
		...more,
	});

const two = (more: Partial<InstanceRecord> = {}) => [db(), record("web", 0, { vm: vm("vm-db"), ...more })];

describe("what is found", () => {
	test.each<[string, Seen, readonly string[]]>([
		["nothing, where all is well", {}, []],
		["a VM that the cloud has no more", { state: "gone" }, ["missing_vm: VM vm-db of db/0 is gone at the cloud"]],
		["an instance without a VM", { db: { vm: undefined } as never }, ["missing_vm: db/0 has no VM"]],
		["not that of a deploy that is under way", { db: { vm: undefined } as never, deployUnfinished: true }, []],
		[
			"a VM whose deletion was cut short",
			{ db: { vm: vm("vm-db", { deleting: true }) } },
			["missing_vm: VM vm-db of db/0 was being deleted"],
		],
		["a VM that is off", { state: "stopped" }, ["stopped_vm: VM vm-db of db/0 is powered off"]],
		[
			"one that went off before it was of any use",
			{ state: "stopped", db: { vm: vm("vm-db", { bootstrapped: false }) } },
			["missing_vm: VM vm-db of db/0 is powered off, and never was prepared"],
		],
		[
			"a VM that is silent, and nothing of its disk, which nobody can see",
			{ machine: silent, place: {} },
			["unresponsive_agent: VM vm-db of db/0 is there, and does not answer over SSH: no answer"],
		],
		[
			"a disk that the cloud has no more",
			{ goneDisks: new Set(["disk-db" as DiskCid]) },
			["missing_disk: disk disk-db (100 MiB) of db/0 is gone at the cloud"],
		],
		[
			"both, where VM and disk are gone",
			{ state: "gone", goneDisks: new Set(["disk-db" as DiskCid]) },
			[
				"missing_vm: VM vm-db of db/0 is gone at the cloud",
				"missing_disk: disk disk-db (100 MiB) of db/0 is gone at the cloud",
			],
		],
		[
			"a disk that hangs nowhere",
			{ place: {}, machine: { ...wellMachine, unmounted: true } },
			["mount_info_mismatch: disk disk-db (100 MiB) of db/0 should be attached to VM vm-db, and is attached to no VM"],
		],
		[
			"a disk that hangs elsewhere, though the guest has not noticed",
			{ place: { attachedTo: "vm-x" as VmCid } },
			[
				"mount_info_mismatch: disk disk-db (100 MiB) of db/0 should be attached to VM vm-db, and is attached to VM vm-x",
			],
		],
		[
			"a disk that is attached and not mounted",
			{ machine: { ...wellMachine, unmounted: true } },
			[
				"mount_info_mismatch: disk disk-db (100 MiB) of db/0 should be attached to VM vm-db, and its jobs don't find it there",
			],
		],
		["nothing where the cloud can't tell and the guest has it", { place: "unknown" }, []],
		[
			"one of several disks that its jobs don't find",
			{
				db: { disk: undefined, disks: { wal: "disk-db" as DiskCid } } as never,
				machine: { ...wellMachine, missingDisks: ["wal"] },
			},
			[
				"mount_info_mismatch: disk disk-db (wal, 100 MiB) of db/0 should be attached to VM vm-db, and its jobs don't find it there",
			],
		],
		[
			"a copy that was not finished",
			{ disks: [diskRecord("disk-db"), copy()] },
			["inactive_disk: disk disk-new (200 MiB) of db/0 is inactive: disk disk-db was being copied to it"],
		],
		["not one that was given up", { disks: [diskRecord("disk-db"), copy({ orphanedAt: 1 })] }, []],
		[
			"a command that was cut short",
			{ db: { dirty: true } },
			["unfinished_update: what was last done to db/0 was cut short"],
		],
		[
			"one that was cut short before its VM was prepared",
			{ db: { vm: vm("vm-db", { bootstrapped: false }) }, machines: new Map() },
			["unfinished_update: what was last done to db/0 was cut short"],
		],
		["not a deploy that was", { db: { dirty: true }, deployUnfinished: true }, []],
		["nothing of an instance that is ignored", { db: { ignore: true }, state: "gone" }, []],
		["nothing of one that was stopped with its VM", { db: { wanted: "detached" }, state: "gone" }, []],
		[
			"the VM of one that is stopped",
			{ db: { wanted: "stopped" }, state: "gone" },
			["missing_vm: VM vm-db of db/0 is gone at the cloud"],
		],
		["nothing of an errand's", { db: { lifecycle: "errand" }, state: "gone" }, []],
		[
			"two instances with one VM",
			{ instances: two({ wanted: "detached" }) },
			["shared_vm: db/0 and web/0 are recorded with the same VM, vm-db"],
		],
		["not of two clouds", { instances: two({ wanted: "detached", vm: vm("vm-db", { cpi: "other" }) }) }, []],
		[
			"what no record knows",
			{
				orphanVms: [{ cid: "vm-x" as VmCid, cpi: "local", name: "web/7" }],
				unknownDisks: [diskRecord("disk-x", { instanceName: "web/7" })],
			},
			[
				"unknown_vm: VM vm-x (web/7) is at the cloud, and no record knows it",
				"unknown_disk: disk disk-x (web/7, 100 MiB) is at the cloud, and no record knows it",
			],
		],
	])("%s", (_, seen, expected) => {
		const problems = findCloudProblems(view(seen));
		expect(problems.map(({ kind, description }) => `${kind}: ${description}`)).toEqual(expected);
		expect(problems.map(({ id }) => id)).toEqual(expected.map((__, index) => index + 1));
	});
});

test("a copy can be made the instance's disk only if it is whole and the instance has none", () => {
	const whole = copy({ copyOf: { disk: "disk-db" as DiskCid, whole: true } });
	const offered = (seen: Seen) => findCloudProblems(view(seen))[0]?.resolutions;
	expect(offered({ disks: [diskRecord("disk-db"), whole] })).toEqual(["ignore", "delete_disk"]);
	expect(offered({ disks: [copy()], db: { disk: undefined } as never })).toEqual(["ignore", "delete_disk"]);
	expect(offered({ disks: [whole], db: { disk: undefined } as never })).toEqual([
		"ignore",
		"delete_disk",
		"activate_disk",
	]);
});

test.each([
	[1, 1, false],
	[1, 2, false],
	[2, 4, false],
	[2, 3, true],
	[3, 3, true],
])("%i silent VMs of %i: the network may be cut: %s", (count, all, expected) => {
	const names = Array.from({ length: all }, (_, index) => index);
	const seen = view({
		instances: names.map((index) => record("web", index, { vm: vm(`vm-${index}`) })),
		vms: new Map(names.map((index) => [`vm-${index}` as VmCid, { state: "running" }])),
		machines: new Map(names.map((index) => [`web/${index}`, index < count ? silent : wellMachine])),
	});
	expect(cutOff(seen, findCloudProblems(seen)) !== undefined).toBe(expected);
});

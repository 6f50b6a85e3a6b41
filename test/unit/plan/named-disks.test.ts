import { describe, expect, test } from "vitest";
import type { DiskCid } from "../../../src/cpi/cpi.ts";
import { changeOf } from "../../../src/plan/change-report.ts";
import type { DesiredInstance, NamedDisk } from "../../../src/plan/desired.ts";
import { diffInstance, type MachineView } from "../../../src/plan/diff-instance.ts";
import { irreversibleSteps } from "../../../src/plan/irreversible.ts";
import { namedDiskProblems } from "../../../src/plan/named-disk-problems.ts";
import { planDelete } from "../../../src/plan/plan-delete.ts";
import { planDeploy } from "../../../src/plan/plan-deploy.ts";
import type { DiskRecord, InstanceRecord } from "../../../src/state/state.ts";
import { deployed, diskRecord, group, wellMachine } from "../../support/plan-fixtures.ts";

const disk = (name: string, former: Partial<DiskRecord> | undefined, sizeMib = 100): NamedDisk => ({
	...{ name, sizeMib, cloudProperties: {} },
	...(former ? { former: diskRecord(`disk-${name}`, { name, ...former }) } : {}),
});
const wal = disk("wal", {});
const logs = disk("logs", {});

interface Now {
	readonly disks: readonly NamedDisk[];
	readonly had?: readonly string[];
	readonly more?: Partial<DesiredInstance>;
	readonly state?: "running" | "stopped" | "gone";
	readonly machine?: Partial<Extract<MachineView, { reachable: true }>>;
	readonly recreate?: boolean;
	readonly snapshots?: boolean;
}

/** The plan of g/0, which has the disks that it `had` and is to have others. */
function planned({ disks, had = ["wal", "logs"], more, state = "running", machine, ...options }: Now) {
	const { recreate = false, snapshots = false } = options;
	const bare = deployed(group("g"), 0, { ...more, disks });
	const cids = Object.fromEntries(had.map((name) => [name, `disk-${name}` as DiskCid]));
	const record: InstanceRecord = { ...(bare.record ?? expect.fail()), ...(had.length > 0 ? { disks: cids } : {}) };
	const instance = { ...bare, record };
	const cid = record.vm?.cid ?? expect.fail();
	const observed = {
		vms: state === "gone" ? new Map() : new Map([[cid, { state }]]),
		machines: new Map([["g/0", { ...wellMachine, ...machine }]]),
	};
	const canResize = (cpi: string) => cpi !== "rigid";
	const diff = diffInstance(instance, observed, { fix: false, recreate, restart: false, canResize });
	const plan = planDeploy({
		...{ deployment: "d", diffs: [diff], obsolete: [], orphanVms: [], unknownVariables: [] },
		...{ compiled: new Set<string>(), firstDeploy: false, inputsChanged: false },
		options: { skipDrain: new Set(), snapshots },
	});
	const ids = plan.steps.map(({ id }) => id.replace(" g/0", ""));
	const reasons = plan.changes.flatMap((change) => change.reasons.map(({ reason, detail }) => `${reason}: ${detail}`));
	return { plan, diff, instance, ids, changed: ids.slice(1, ids.indexOf("update-names")), reasons, canResize };
}

describe("the steps", () => {
	test("what is as it should be is left alone", () => {
		expect(planned({ disks: [wal, logs] }).plan.steps).toEqual([]);
	});

	test.each<[string, Now, readonly string[], readonly string[]]>([
		[
			"one more is made and shown; the VM stays",
			{ disks: [wal, disk("spool", undefined), logs] },
			["stop", "associate-disk wal", "create-disk spool", "associate-disk spool", "associate-disk logs"],
			["persistent_disk: spool: it has none yet"],
		],
		[
			"one less is let go and orphaned",
			{ disks: [wal] },
			["stop", "detach-disk logs", "orphan-disk logs", "associate-disk wal"],
			["persistent_disk: logs: it is not wanted any more"],
		],
		[
			"the last is orphaned",
			{ disks: [], had: ["wal"] },
			["stop", "detach-disk wal", "orphan-disk wal"],
			["persistent_disk: wal: it is not wanted any more"],
		],
		[
			"a larger one grows",
			{ disks: [disk("wal", {}, 200), logs] },
			["stop", "resize-disk wal", "associate-disk wal", "associate-disk logs"],
			["persistent_disk: wal: 100 MiB → 200 MiB"],
		],
		[
			"a name is changed: the one goes, another comes",
			{ disks: [disk("log", undefined), wal] },
			["stop", "detach-disk logs", "orphan-disk logs", "create-disk log", "associate-disk log", "associate-disk wal"],
			["persistent_disk: log: it has none yet", "persistent_disk: logs: it is not wanted any more"],
		],
		[
			"a recreated VM gets all of them, and one that is not wanted is orphaned",
			{ disks: [wal], recreate: true },
			[
				...["stop", "detach-disk wal", "detach-disk logs", "delete-vm", "create-vm", "bootstrap-vm"],
				...["orphan-disk logs", "associate-disk wal"],
			],
			["recreate: undefined", "persistent_disk: logs: it is not wanted any more"],
		],
		[
			"a VM that takes the place of the old one gets all of them, once they were let go there",
			{ disks: [wal], recreate: true, more: { shapeInPlace: deployed(group("g"), 0).shape } },
			[
				...["create-vm", "bootstrap-vm", "stop", "detach-disk wal", "detach-disk logs", "swap-vm"],
				...["orphan-disk logs", "associate-disk wal"],
			],
			["recreate: undefined", "persistent_disk: logs: it is not wanted any more"],
		],
		[
			"one that jobs don't find is shown again",
			{ disks: [wal, logs], machine: { missingDisks: ["logs"] } },
			["stop", "associate-disk wal", "associate-disk logs"],
			["mount: the persistent disk logs is not there for its jobs"],
		],
		[
			"each is in the snapshots that were asked for",
			{ disks: [wal], had: ["wal"], recreate: true, snapshots: true },
			[
				...["stop", "snapshot-disk wal", "detach-disk wal", "delete-vm", "create-vm", "bootstrap-vm"],
				"associate-disk wal",
			],
			["recreate: undefined"],
		],
	])("%s", (_, now, steps, because) => {
		const { changed, reasons } = planned(now);
		expect(changed).toEqual(steps);
		expect(reasons).toEqual(because);
	});

	test("a VM that is off and gone has its disks taken before another is made", () => {
		expect(planned({ disks: [wal, logs], state: "gone" }).ids.slice(0, 5)).toEqual([
			...["detach-disk wal", "detach-disk logs", "delete-vm", "create-vm", "bootstrap-vm"],
		]);
		expect(planned({ disks: [wal, logs], state: "stopped" }).ids).toEqual(
			expect.arrayContaining(["power-on", "associate-disk wal", "associate-disk logs"]),
		);
	});

	test("from the one at /var/vcap/store to several: it is orphaned, and they are made", () => {
		const store = { sizeMib: 100, cloudProperties: {}, fileSystem: "ext4", mountOptions: [] };
		const { disk: _, ...desired } = deployed(group("g"), 0, { disk: store });
		const { changed } = planned({ disks: [disk("wal", undefined)], had: [], more: {} });
		expect(changed).toEqual(["stop", "create-disk wal", "associate-disk wal"]);
		const reasons = [{ reason: "persistent_disk" }] as const;
		const diff = { desired: { ...desired, disks: [disk("wal", undefined)] }, action: "update", vm: "keep" } as const;
		const plan = planDeploy({
			...{ deployment: "d", diffs: [{ ...diff, reasons, reachable: true }], obsolete: [], orphanVms: [] },
			...{ unknownVariables: [], compiled: new Set<string>(), firstDeploy: false, inputsChanged: false },
			options: { skipDrain: new Set() },
		});
		const ids = plan.steps.map(({ id }) => id.replace(" g/0", ""));
		expect(ids.slice(2, 6)).toEqual(["detach-disk", "orphan-disk", "create-disk wal", "associate-disk wal"]);
	});

	test("an instance that ends leaves all of its disks, orphaned", () => {
		const { instance } = planned({ disks: [wal, logs] });
		const { steps } = planDelete({
			...{ deployment: "d", instances: [{ record: instance.record, reachable: true }], orphanVms: [] },
			...{ skipDrain: false, forget: false },
		});
		expect(steps.map(({ id }) => id.replace(" g/0", ""))).toEqual([
			...["stop", "detach-disk wal", "detach-disk logs", "delete-vm", "orphan-disk wal", "orphan-disk logs"],
			"delete-instance",
		]);
	});
});

describe("what can't be done without losing data is refused", () => {
	test.each<[string, NamedDisk, string | undefined]>([
		["smaller", disk("wal", {}, 50), "100 MiB → 50 MiB"],
		["of another type", disk("wal", { cloudProperties: { type: "ssd" } }), "other cloud properties"],
		["larger, where the cloud can't", disk("wal", { cpi: "rigid" }, 200), "100 MiB → 200 MiB"],
		["larger, where the cloud has refused", disk("wal", { cannotGrow: true }, 200), "100 MiB → 200 MiB"],
		["larger, where it can", disk("wal", {}, 200), undefined],
		["new", disk("wal", undefined), undefined],
	])("%s", (_, wanted, why) => {
		const { diff, canResize } = planned({ disks: [wanted], had: wanted.former ? ["wal"] : [] });
		const [told, ...more] = namedDiskProblems([diff], canResize);
		expect(more).toEqual([]);
		expect(told?.message).toBe(
			why &&
				`g/0: its persistent disk "wal" can't become what is wanted (${why}): only its jobs know what is on it, so davit can't copy that`,
		);
	});

	test("but not of an instance that is ignored", () => {
		const { diff, canResize } = planned({ disks: [disk("wal", {}, 50)] });
		expect(namedDiskProblems([{ ...diff, action: "keep" }], canResize)).toEqual([]);
	});
});

test("the report says what becomes of the disks, and of which; what orphans or grows one is not undone", () => {
	const { plan, diff, instance } = planned({ disks: [disk("wal", {}, 200)] });
	const report = changeOf(plan.changes[0] ?? expect.fail(), {
		...{ steps: plan.steps, diff, hasDisk: true, turn: 1 },
		former: { desired: { ...instance, disks: [wal, logs] }, jobs: [] },
	});
	expect(report).toMatchObject({ downtime: "restart", disk: "orphaned" });
	expect(report.reasons[0]?.values.map(({ path }) => path)).toEqual([
		"/persistent_disks/logs",
		"/persistent_disks/wal/disk_size",
	]);
	expect(irreversibleSteps(plan.steps, new Map()).map(({ id }) => id)).toEqual([
		"orphan-disk g/0 logs",
		"resize-disk g/0 wal",
	]);
});

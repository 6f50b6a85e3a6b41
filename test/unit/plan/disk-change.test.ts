import { describe, expect, test } from "vitest";
import { changeOf } from "../../../src/plan/change-report.ts";
import type { DesiredDisk, DesiredInstance } from "../../../src/plan/desired.ts";
import { diffInstance, type MachineView, type Observed } from "../../../src/plan/diff-instance.ts";
import { diskChange, roomOn } from "../../../src/plan/disk-change.ts";
import { irreversibleSteps } from "../../../src/plan/irreversible.ts";
import { planDeploy } from "../../../src/plan/plan-deploy.ts";
import type { DiskRecord } from "../../../src/state/state.ts";
import { deployed, diskRecord, group, wellMachine } from "../../support/plan-fixtures.ts";

const had: DesiredDisk = { sizeMib: 100, cloudProperties: { type: "ssd" }, fileSystem: "ext4", mountOptions: [] };
const former: Partial<DiskRecord> = { sizeMib: 100, cloudProperties: { type: "ssd" }, fileSystem: "ext4" };

test.each<[string, Partial<DesiredDisk>, Partial<DiskRecord>, string | undefined]>([
	["nothing", {}, {}, undefined],
	["the order of properties", { cloudProperties: { a: 1, b: 2 } }, { cloudProperties: { b: 2, a: 1 } }, undefined],
	["mount options", { mountOptions: ["noatime"] }, {}, undefined],
	["a larger size", { sizeMib: 200 }, {}, "grow: 100 MiB → 200 MiB"],
	[
		"a larger one, where the cloud refused",
		{ sizeMib: 200 },
		{ cannotGrow: true },
		"copy: 100 MiB → 200 MiB; it is copied to another disk",
	],
	[
		"a larger one, where the cloud can't",
		{ sizeMib: 200 },
		{ cpi: "rigid" },
		"copy: 100 MiB → 200 MiB; it is copied to another disk",
	],
	["a smaller size", { sizeMib: 50 }, {}, "copy: 100 MiB → 50 MiB; it is copied to another disk"],
	["another type", { cloudProperties: {} }, {}, "copy: other cloud properties; it is copied to another disk"],
	["another file system", { fileSystem: "xfs" }, {}, "copy: ext4 → xfs; it is copied to another disk"],
	[
		"a larger one of another type",
		{ sizeMib: 200, cloudProperties: { type: "hdd" } },
		{},
		"copy: 100 MiB → 200 MiB, other cloud properties; it is copied to another disk",
	],
])("%s", (_, wanted, recorded, expected) => {
	const found = diskChange(
		{ disk: { ...had, ...wanted }, formerDisk: diskRecord("disk-g/0", { ...former, ...recorded }) },
		(cpi) => cpi !== "rigid",
	);
	expect(found && `${found.how}: ${found.detail}`).toBe(expected);
});

test("what is not known of a disk is taken to be as wanted", () => {
	const { cloudProperties: _, ...formerDisk } = diskRecord("disk-g/0");
	expect(diskChange({ disk: had, formerDisk }, () => true)).toBeUndefined();
});

test("a file system needs room of its own", () => {
	expect([1, 64, 100, 10_240].map(roomOn)).toEqual([0, 57, 90, 9_216]);
});

const small: DesiredDisk = { ...had, sizeMib: 50 };
const begun = diskRecord("disk-new", {
	sizeMib: 50,
	cloudProperties: { type: "ssd" },
	copyOf: { disk: "disk-g/0" as DiskRecord["cid"], whole: false },
});

/** The plan of g/0, deployed with the disk `had` and now wanted as said. */
function planned(wanted: Partial<DesiredInstance>, state = "running", vm: MachineView = wellMachine) {
	const instance = { ...deployed(group("g"), 0, { disk: had }), ...wanted };
	const cid = instance.record?.vm?.cid ?? expect.fail();
	const observed: Observed = {
		vms: state === "gone" ? new Map() : new Map([[cid, { state }]]),
		machines: new Map([["g/0", vm]]),
	};
	const options = { fix: false, recreate: false, restart: false, canResize: () => true };
	const diff = diffInstance(instance, observed, options);
	const plan = planDeploy({
		...{ deployment: "d", diffs: [diff], obsolete: [], orphanVms: [], unknownVariables: [] },
		...{ compiled: new Set<string>(), firstDeploy: false, inputsChanged: false, options: { skipDrain: new Set() } },
	});
	const ids = plan.steps.map(({ id }) => id.replace(" g/0", ""));
	return { plan, diff, instance, ids, changed: ids.slice(0, ids.indexOf("update-names")) };
}

describe("the steps", () => {
	const stopped = ["render", "stop"];
	const copied = ["create-disk", "copy-disk", "attach-disk"];
	test.each<[string, ReturnType<typeof planned>, readonly string[]]>([
		["a larger disk grows", planned({ disk: { ...had, sizeMib: 200 } }), [...stopped, "resize-disk", "attach-disk"]],
		["a smaller one is copied", planned({ disk: small }), [...stopped, ...copied]],
		["so is one on a VM that is off", planned({ disk: small }, "stopped"), ["render", "power-on", "stop", ...copied]],
		[
			"and one whose VM is gone",
			planned({ disk: small }, "gone"),
			["detach-disk", "delete-vm", "create-vm", "bootstrap-vm", "render", ...copied],
		],
		["a copy that was begun goes on", planned({ disk: small, diskCopy: begun }), [...stopped, ...copied.slice(1)]],
		[
			"to a disk of another size it does not",
			planned({ disk: { ...had, sizeMib: 40 }, diskCopy: begun }),
			[...stopped, "discard-copy", ...copied],
		],
		[
			"a larger one that grows gives it up",
			planned({ disk: { ...had, sizeMib: 200 }, diskCopy: begun }),
			[...stopped, "discard-copy", "resize-disk", "attach-disk"],
		],
		["so does one that is wanted as it is", planned({ diskCopy: begun }), [...stopped, "discard-copy", "attach-disk"]],
	])("%s", (_, { changed }, expected) => {
		expect(changed).toEqual(expected);
	});

	test("drain is told of a shutdown, and the old disk is what is copied", () => {
		const { plan } = planned({ disk: { ...small, mountOptions: ["noatime"] } });
		const of = (kind: string) => plan.steps.find((step) => step.kind === kind);
		expect(of("stop")).toMatchObject({ drain: "shutdown", next: "keep" });
		expect(of("create-disk")).toMatchObject({ sizeMib: 50, cloudProperties: { type: "ssd" }, copyOf: "disk-g/0" });
		expect(of("copy-disk")).toMatchObject({ disk: "disk-g/0", fileSystem: "ext4", mountOptions: ["noatime"] });
		expect(plan.changes).toEqual([
			{
				instance: "g/0",
				action: "update",
				canary: true,
				reasons: [{ reason: "persistent_disk", detail: "100 MiB → 50 MiB; it is copied to another disk" }],
			},
		]);
	});

	test("another file system comes with another VM, since it is part of env", () => {
		const instance = deployed(group("g"), 0, { disk: had });
		const shape = { ...instance.shape, env: { persistent_disk_fs: "xfs" } };
		const { changed, plan } = planned({ disk: { ...had, fileSystem: "xfs" }, shape });
		expect(changed).toEqual([
			"render",
			...["stop", "detach-disk", "delete-vm", "create-vm", "bootstrap-vm"],
			...["create-disk", "copy-disk", "attach-disk"],
		]);
		expect(plan.changes[0]?.reasons.map(({ reason }) => reason)).toEqual(["env", "persistent_disk"]);
	});
});

test("the report says for how long jobs stop, what becomes of the disk, and what of its type is other", () => {
	const { plan, diff, instance } = planned({ disk: { ...had, cloudProperties: { type: "hdd" } } });
	const [change] = plan.changes;
	const report = changeOf(change ?? expect.fail(), {
		steps: plan.steps.filter((step) => step.instance === "g/0"),
		diff,
		hasDisk: true,
		former: { desired: { ...instance, disk: had }, jobs: [] },
		turn: 1,
	});
	expect(report).toMatchObject({ downtime: "disk copy", disk: "copied" });
	expect(report.reasons[0]?.values).toEqual([
		{ path: "/persistent_disk/cloud_properties/type", from: "ssd", to: "hdd" },
	]);
});

test("once it has begun there is no undo", () => {
	const { plan } = planned({ disk: small });
	expect(irreversibleSteps(plan.steps, new Map()).map(({ kind }) => kind)).toEqual(["copy-disk"]);
});

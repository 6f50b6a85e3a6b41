import { expect, test } from "vitest";
import type { DiskCid } from "../../../src/cpi/cpi.ts";
import type { InstanceDiff } from "../../../src/plan/diff-instance.ts";
import { dueDeploy, planAttachDisk } from "../../../src/plan/plan-attach-disk.ts";
import type { InstanceRecord } from "../../../src/state/state.ts";
import { deployed, diskRecord, group } from "../../support/plan-fixtures.ts";

const disk = diskRecord("disk-old", { deployment: "e", instance: "x-id", instanceName: "x/0", orphanedAt: 1 });
const was = deployed(group("g"), 0, {
	disk: { sizeMib: 100, cloudProperties: {}, fileSystem: "xfs", mountOptions: [] },
});

function diffWith(more: Partial<InstanceRecord>, reasons: InstanceDiff["reasons"] = []): InstanceDiff {
	const record = { ...(was.record as InstanceRecord), ...more };
	return { desired: { ...was, record }, action: "update", vm: "keep", reasons, reachable: true };
}

const plan = (diff: InstanceDiff, skipDrain = false, as?: string) =>
	planAttachDisk({ deployment: "d", diff, disk, as, skipDrain, sources: ["ssh"] });
const ids = (diff: InstanceDiff) => plan(diff).steps.map(({ id }) => id);
const jobs = [
	"update-names g/0",
	"install-jobs g/0",
	"pre-start g/0",
	"start g/0",
	"post-start g/0",
	"post-deploy g/0",
];

test("the instance is stopped, its own disk let go, the other attached in its place, and it is brought up", () => {
	const { steps, changes } = plan(diffWith({}), true);
	expect(steps.map(({ id }) => id)).toEqual(["render", "stop g/0", "detach-disk g/0", "attach-disk g/0", ...jobs]);
	expect(steps.slice(1).map(({ after }) => after)).toEqual(steps.slice(0, -1).map(({ id }) => [id]));
	expect(steps.slice(1, 4)).toMatchObject([
		{ drain: "shutdown", next: "keep", skipDrain: true, jobs: ["app"] },
		{ disk: "disk-g/0", vm: "vm-g/0" },
		{ unorphan: disk, fileSystem: "xfs" },
	]);
	expect(changes).toMatchObject([{ reasons: [{ detail: "disk-old instead of disk-g/0" }] }]);
});

test("one of several disks takes the place of the one of its name, and of no other", () => {
	const named = { disks: { logs: "disk-logs" as DiskCid, wal: "disk-wal" as DiskCid } };
	const { steps, changes } = plan(diffWith(named), false, "wal");
	expect(steps.slice(1, 4).map(({ id }) => id)).toEqual(["stop g/0", "detach-disk g/0 wal", "associate-disk g/0 wal"]);
	expect(steps.slice(2, 4)).toMatchObject([{ disk: "disk-wal", vm: "vm-g/0" }, { unorphan: disk }]);
	expect(changes).toMatchObject([{ reasons: [{ detail: "wal: disk-old instead of disk-wal" }] }]);
	const there = { disks: { ...named.disks, wal: disk.cid } };
	expect(plan(diffWith(there), false, "wal")).toEqual({ deployment: "d", steps: [], changes: [] });
});

test("an instance without a disk has none to let go", () => {
	const { disk: _, ...bare } = was.record as InstanceRecord;
	const diff: InstanceDiff = { ...diffWith({}), desired: { ...was, record: bare } };
	expect(ids(diff)).toEqual(["render", "stop g/0", "attach-disk g/0", ...jobs]);
});

const own = { disk: disk.cid };
const applied = { ...(was.record as InstanceRecord).applied, postDeployed: false } as InstanceRecord["applied"] &
	object;

test.each([
	[
		"after the disk was attached: it is not swapped again",
		diffWith({ ...own, dirty: true }, [{ reason: "dirty" }]),
		["render", "stop g/0", "attach-disk g/0", ...jobs],
	],
	["before post-deploy: that alone is left", diffWith({ ...own, applied }), ["post-deploy g/0"]],
	["never: nothing is left", diffWith(own), []],
])("cut short %s", (_, diff, expected) => {
	expect(ids(diff)).toEqual(expected);
	expect(plan(diff).steps.some((step) => "unorphan" in step)).toBe(false);
});

test.each<[string, Partial<InstanceDiff>, readonly string[]]>([
	[
		"an update that was cut short, a process that stands still",
		{ reasons: [{ reason: "dirty" }, { reason: "process" }] },
		[],
	],
	["a job of another version", { reasons: [{ reason: "dirty" }, { reason: "job" }] }, ["job"]],
	["a VM that is off", { vm: "power-on", reasons: [{ reason: "stopped_vm" }] }, ["stopped_vm"]],
	["a VM that does not answer", { reasons: [{ reason: "unresponsive" }] }, ["unresponsive"]],
	["a VM that is to be another", { vm: "replace", reasons: [{ reason: "stemcell" }] }, ["stemcell"]],
])("a deploy is due first: %s", (_, more, due) => {
	expect(dueDeploy({ ...diffWith({}), ...more }).map(({ reason }) => reason)).toEqual(due);
});

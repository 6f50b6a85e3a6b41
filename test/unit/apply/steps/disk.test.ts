import { expect, test } from "vitest";
import { attachDisk } from "../../../../src/apply/steps/disk.ts";
import type { Cpi, DiskCid } from "../../../../src/cpi/cpi.ts";
import { CpiError } from "../../../../src/cpi/errors.ts";
import type { DiskRecord } from "../../../../src/state/state.ts";
import { applyWorld } from "../../../support/apply-fixtures.ts";
import { deployed, diskRecord, group } from "../../../support/plan-fixtures.ts";

const own = diskRecord("disk-g/0");
const orphan: DiskRecord = {
	...own,
	cid: "disk-old" as DiskCid,
	deployment: "e",
	mountedByCloud: false,
	instance: "x-id",
	instanceName: "x/0",
	orphanedAt: 1,
};
const step = {
	kind: "attach-disk",
	id: "",
	title: "",
	after: [],
	instance: "g/0",
	fileSystem: "ext4",
	mountOptions: [],
} as const;

/** g/0 gets a disk; the answer is what the cloud was asked and what was written. */
async function attached(unorphan: DiskRecord, refusal?: CpiError) {
	const calls: unknown[] = [];
	const cpi = {
		setDiskMetadata: async (cid: string, metadata: object) => void calls.push(["setDiskMetadata", cid, metadata]),
		attachDisk: async (vm: string, cid: string) => {
			calls.push(["attachDisk", vm, cid]);
			if (refusal) throw refusal;
			return { kind: "serial", serial: "s" };
		},
	};
	const { record } = deployed(group("g"), 0, {
		disk: { sizeMib: 100, cloudProperties: {}, fileSystem: "ext4", mountOptions: [] },
	});
	const { context, seen } = applyWorld({
		instances: record ? [record] : [],
		disks: [own],
		more: { cpi: () => cpi as unknown as Cpi },
	});
	const failed = await attachDisk({ ...step, unorphan }, context).then(
		() => undefined,
		(error: unknown) => error,
	);
	return { calls, seen, failed, records: context.records };
}

test("an orphaned disk of another deployment is tagged, attached, and with one write the instance's; its own is orphaned", async () => {
	const { calls, seen, records, failed } = await attached(orphan);
	expect(failed).toBeUndefined();
	const tags = { deployment: "d", instance_group: "g", instance_id: "g-0-id", instance_index: "0" };
	expect(calls).toEqual([
		["setDiskMetadata", "disk-old", tags],
		["attachDisk", "vm-g/0", "disk-old"],
	]);
	const { orphanedAt: _, ...taken } = { ...orphan, deployment: "d", instance: "g-0-id", instanceName: "g/0" };
	expect(seen.changes).toEqual([
		{ put: "disk", record: { ...own, orphanedAt: 0 } },
		{ put: "disk", record: taken },
		{ put: "instance", record: { ...records.get("g/0"), disk: "disk-old", dirty: true } },
	]);
	expect(seen.scripts.join()).toContain("may_format=''");
});

test("a cloud that refuses the disk leaves the instance what it had", async () => {
	const refusal = new CpiError("it is in another zone", { kind: "invalid", iaas: "local", operation: "attachDisk" });
	const { seen, records, failed } = await attached(orphan, refusal);
	expect(failed).toBe(refusal);
	expect(seen.outcomes).toMatchObject([{ ok: true }, { ok: false }]);
	expect(seen.changes).toEqual([]);
	expect(records.get("g/0").disk).toBe("disk-g/0");
	expect(seen.scripts).toEqual([]);
});

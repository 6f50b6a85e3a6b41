import { expect, test } from "vitest";
import type { DiskCid, SnapshotCid } from "../../../src/cpi/cpi.ts";
import { type Bench, newKey, patient } from "./cloud.ts";

export function snapshotTests(bench: () => Bench): void {
	test("made once, found by its key, listed, deleted twice; the disk may go first", async ({ skip }) => {
		const { cpi, disk, list, owner } = bench();
		if (!cpi.info().can.snapshots) return skip("this cloud has no snapshots");
		const of = await cpi.createDisk(disk(), patient);
		const request = { key: newKey(), owner, metadata: { 이유: "업데이트 전" } };
		const cid = await cpi.snapshotDisk(of, request, patient);
		expect(await cpi.snapshotDisk(of, request, patient)).toBe(cid);
		const seen = { kind: "snapshot", cid, key: request.key, owner, metadata: request.metadata };
		expect(await cpi.find(request.key, patient)).toMatchObject(seen);
		expect(await list(owner, "snapshot")).toMatchObject([seen]);
		await cpi.deleteDisk(of, patient);
		expect(await list(owner, "snapshot")).toMatchObject([seen]);
		await cpi.deleteSnapshot(cid, patient);
		await cpi.deleteSnapshot(cid, patient);
		expect(await cpi.find(request.key, patient)).toBeUndefined();
	});

	test("of a disk in use; of no disk: not-found", async ({ skip }) => {
		const { cpi, disk, vm, list, owner } = bench();
		if (!cpi.info().can.snapshots) return skip("this cloud has no snapshots");
		const made = await cpi.createVm(vm(), patient);
		const of = await cpi.createDisk(disk(), patient);
		await cpi.attachDisk(made.cid, of, { ...patient, mountPoint: "/var/vcap/store" });
		const request = () => ({ key: newKey(), owner, metadata: {} });
		const cids = await Promise.all([
			cpi.snapshotDisk(of, request(), patient),
			cpi.snapshotDisk(of, request(), patient),
		]);
		expect((await list(owner, "snapshot")).map(({ cid }) => cid).sort()).toEqual([...cids].sort());
		expect(await cpi.getDisks(made.cid, patient)).toEqual([of]);
		await expect(cpi.snapshotDisk("disk-0000000000000000" as DiskCid, request(), patient)).rejects.toMatchObject({
			kind: "not-found",
		});
		for (const cid of ["", "../..", "-rf", "snap-0"] as SnapshotCid[]) await cpi.deleteSnapshot(cid, patient);
	});
}

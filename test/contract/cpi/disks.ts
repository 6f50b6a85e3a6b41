import { expect, test } from "vitest";
import type { DiskCid, VmCid } from "../../../src/cpi/cpi.ts";
import { mountDiskScript } from "../../../src/machine/disk.ts";
import { type Bench, patient } from "./cloud.ts";

const mountPoint = "/var/vcap/store";
const attach = { ...patient, mountPoint };
const noDisk = "disk-0000000000000000" as DiskCid;
const noVm = "vm-0000000000000000" as VmCid;

export function diskTests(bench: () => Bench): void {
	test("made once, found by its key, listed with its size and metadata, deleted twice", async () => {
		const { cpi, disk, list, owner } = bench();
		const request = disk({ metadata: { instance: "데이터베이스/0" } });
		const cid = await cpi.createDisk(request, patient);
		expect(await cpi.createDisk(request, patient)).toBe(cid);
		await cpi.setDiskMetadata(cid, { 상태: `"분리됨"` }, patient);
		const seen = { kind: "disk", cid, key: request.key, owner, metadata: { ...request.metadata, 상태: `"분리됨"` } };
		expect(await list(owner, "disk")).toMatchObject([seen]);
		const found = await cpi.find(request.key, patient);
		expect(found).toMatchObject(seen);
		expect(found?.sizeMib).toBeGreaterThanOrEqual(request.sizeMib);
		expect(found?.attachedTo).toBeUndefined();
		await cpi.deleteDisk(cid, patient);
		await cpi.deleteDisk(cid, patient);
		expect([await cpi.hasDisk(cid, patient), await cpi.find(request.key, patient)]).toEqual([false, undefined]);
	});

	test("what is absent is absent, under any id", async () => {
		const { cpi } = bench();
		for (const cid of [noDisk, "", "../..", "-rf", "vol 0'\""] as DiskCid[]) {
			expect(await cpi.hasDisk(cid, patient)).toBe(false);
			await cpi.deleteDisk(cid, patient);
			await expect(cpi.setDiskMetadata(cid, { a: "b" }, patient)).rejects.toMatchObject({ kind: "not-found" });
		}
	});

	test.each([0, -1, 1.5])("%s MiB is no size", async (sizeMib) => {
		const { cpi, disk, list, owner } = bench();
		await expect(cpi.createDisk(disk({ sizeMib }), patient)).rejects.toMatchObject({ kind: "invalid" });
		expect(await list(owner, "disk")).toEqual([]);
	});

	test("attached to one VM at a time, again without effect, and nothing moves when it is refused", async () => {
		const { cpi, cloud, vm, disk, list, owner } = bench();
		const [one = "", two = ""] = cloud.networks[0]?.free ?? [];
		const [first, second] = await Promise.all([
			cpi.createVm(vm({ ip: one }), patient),
			cpi.createVm(vm({ ip: two }), patient),
		]);
		const cid = await cpi.createDisk(disk(), patient);
		const hint = await cpi.attachDisk(first.cid, cid, attach);
		expect(await cpi.attachDisk(first.cid, cid, attach)).toEqual(hint);
		await expect(cpi.attachDisk(second.cid, cid, attach)).rejects.toMatchObject({
			name: "CpiError",
			kind: "invalid",
			retryable: false,
			message: expect.stringContaining(first.cid),
		});
		expect(await cpi.getDisks(first.cid, patient)).toEqual([cid]);
		expect(await cpi.getDisks(second.cid, patient)).toEqual([]);
		expect(await list(owner, "disk")).toMatchObject([{ cid, attachedTo: first.cid }]);
		await expect(cpi.deleteDisk(cid, patient)).rejects.toMatchObject({ name: "CpiError" });
		expect(await cpi.hasDisk(cid, patient)).toBe(true);
		await cpi.detachDisk(second.cid, cid, patient);
		expect(await cpi.getDisks(first.cid, patient)).toEqual([cid]);
		await cpi.detachDisk(first.cid, cid, patient);
		await cpi.detachDisk(first.cid, cid, patient);
		expect(await cpi.getDisks(first.cid, patient)).toEqual([]);
		await cpi.attachDisk(second.cid, cid, attach);
		expect(await list(owner, "disk")).toMatchObject([{ cid, attachedTo: second.cid }]);
	});

	test("a VM or a disk that isn't there: attaching is refused, detaching is done", async () => {
		const { cpi, vm, disk, list, owner } = bench();
		const made = await cpi.createVm(vm(), patient);
		const cid = await cpi.createDisk(disk(), patient);
		await expect(cpi.attachDisk(made.cid, noDisk, attach)).rejects.toMatchObject({ kind: "not-found" });
		await expect(cpi.attachDisk(noVm, cid, attach)).rejects.toMatchObject({ kind: "not-found" });
		await cpi.detachDisk(noVm, cid, patient);
		await cpi.detachDisk(made.cid, noDisk, patient);
		expect((await list(owner, "disk"))[0]?.attachedTo).toBeUndefined();
	});

	test("it outlives its VM and goes to the next one", async () => {
		const { cpi, vm, disk, list, owner } = bench();
		const cid = await cpi.createDisk(disk(), patient);
		const old = await cpi.createVm(vm({ disks: [cid] }), patient);
		await cpi.attachDisk(old.cid, cid, attach);
		await cpi.deleteVm(old.cid, patient);
		expect((await list(owner, "disk"))[0]).not.toHaveProperty("attachedTo");
		const next = await cpi.createVm(vm(), patient);
		await cpi.attachDisk(next.cid, cid, attach);
		expect(await cpi.getDisks(next.cid, patient)).toEqual([cid]);
	});

	test("what a guest wrote is there after a reboot, and in the next VM", async ({ skip }) => {
		const { cpi, cloud, vm, disk } = bench();
		const { run } = cloud;
		if (!run) return skip("guests can't be entered here");
		const cid = await cpi.createDisk(disk(), patient);
		const mounted = async (mayFormat: boolean) => {
			const request = vm();
			const made = await cpi.createVm(request, patient);
			const hint = await cpi.attachDisk(made.cid, cid, attach);
			const found = await cpi.find(request.key, patient);
			if (!found) throw new Error("the VM is not found");
			await run(found, mountDiskScript(hint, { mountPoint, fileSystem: "ext4", mayFormat, mountOptions: [] }));
			return found;
		};
		const old = await mounted(true);
		await run(old, `mountpoint -q ${mountPoint} && echo 데이터 >${mountPoint}/file && sync`);
		await cpi.rebootVm(old.cid as VmCid, patient);
		expect(await run(old, `cat ${mountPoint}/file`)).toBe("데이터\n");
		await cpi.deleteVm(old.cid as VmCid, patient);
		const next = await mounted(false);
		expect(await run(next, `mountpoint -q ${mountPoint} && cat ${mountPoint}/file`)).toBe("데이터\n");
	});

	test("two disks in one VM", async () => {
		const { cpi, vm, disk } = bench();
		const made = await cpi.createVm(vm(), patient);
		const cids = await Promise.all([cpi.createDisk(disk(), patient), cpi.createDisk(disk(), patient)]);
		for (const cid of cids) await cpi.attachDisk(made.cid, cid, { ...patient, mountPoint: `/var/vcap/${cid}` });
		expect([...(await cpi.getDisks(made.cid, patient))].sort()).toEqual([...cids].sort());
	});

	test("it grows, and never shrinks", async ({ skip }) => {
		const { cpi, cloud, disk } = bench();
		if (!cpi.info().can.resizeDisk) return skip("this cloud's disks don't grow");
		const [small, bigger] = cloud.diskSizes;
		const request = disk();
		const cid = await cpi.createDisk(request, patient);
		await cpi.resizeDisk(cid, bigger, patient);
		await cpi.resizeDisk(cid, bigger, patient);
		await expect(cpi.resizeDisk(cid, small, patient)).rejects.toMatchObject({ kind: "invalid" });
		expect((await cpi.find(request.key, patient))?.sizeMib).toBeGreaterThanOrEqual(bigger);
		await expect(cpi.resizeDisk(noDisk, bigger, patient)).rejects.toMatchObject({ kind: "not-found" });
	});
}

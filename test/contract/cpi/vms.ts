import { expect, test } from "vitest";
import type { VmCid } from "../../../src/cpi/cpi.ts";
import { CpiError } from "../../../src/cpi/errors.ts";
import { type Bench, patient } from "./cloud.ts";
import { hostile } from "./hostile.ts";

/** No VM of any cloud has such an id. */
const absent = ["vm-0000000000000000", "i-0", "", "../../etc", "--help", "a b'\"/ㄱ"] as VmCid[];

export function vmTests(bench: () => Bench): void {
	test("made once, found by its key, listed, deleted twice", async () => {
		const { cpi, vm, list, owner } = bench();
		const request = vm();
		const made = await cpi.createVm(request, patient);
		expect(await cpi.createVm(request, patient)).toEqual(made);
		expect(made.ips).toEqual({ default: request.networks.default?.ip });
		const seen = {
			kind: "vm",
			cid: made.cid,
			key: request.key,
			owner,
			state: "running",
			ips: Object.values(made.ips),
			metadata: request.metadata,
		};
		expect(await cpi.find(request.key, patient)).toMatchObject(seen);
		expect(await list(owner, "vm")).toMatchObject([seen]);
		expect([await cpi.hasVm(made.cid, patient), await cpi.getDisks(made.cid, patient)]).toEqual([true, []]);
		await cpi.deleteVm(made.cid, patient);
		await cpi.deleteVm(made.cid, patient);
		expect([await cpi.hasVm(made.cid, patient), await cpi.find(request.key, patient)]).toEqual([false, undefined]);
	});

	test("two calls with one key at the same time give one VM", async () => {
		const { cpi, vm, list, owner } = bench();
		const request = vm();
		const [one, other] = await Promise.all([cpi.createVm(request, patient), cpi.createVm(request, patient)]);
		expect(one).toEqual(other);
		expect(await list(owner, "vm")).toHaveLength(1);
	});

	test("several at once, each with its own address, all deleted at once", async () => {
		const { cpi, cloud, vm, list, owner } = bench();
		const requests = (cloud.networks[0]?.free ?? []).slice(0, 4).map((ip) => vm({ ip }));
		const made = await Promise.all(requests.map((request) => cpi.createVm(request, patient)));
		expect((await list(owner, "vm")).map(({ ips }) => ips?.[0]).sort()).toEqual(
			made.map(({ ips }) => ips.default).sort(),
		);
		await Promise.all(made.map(({ cid }) => cpi.deleteVm(cid, patient)));
		expect(await list(owner, "vm")).toEqual([]);
	});

	test("what is absent is absent, under any id", async () => {
		const { cpi } = bench();
		for (const cid of absent) {
			expect(await cpi.hasVm(cid, patient), cid).toBe(false);
			await cpi.deleteVm(cid, patient);
			const wrong = { name: "CpiError", kind: "not-found", retryable: false };
			await expect(cpi.rebootVm(cid, patient), cid).rejects.toMatchObject(wrong);
			await expect(cpi.setVmMetadata(cid, { a: "b" }, patient), cid).rejects.toMatchObject(wrong);
		}
		expect(await cpi.find("no such key", patient)).toBeUndefined();
	});

	test("metadata is kept as it was given, in any script", async () => {
		const { cpi, vm, list, owner } = bench();
		const first = { deployment: "플랫폼", 이름: "데이터베이스/0", quotes: `it's "so"` };
		const { cid } = await cpi.createVm(vm({ metadata: first }), patient);
		const later = { job: "데이터베이스", emoji: "🚀", empty: "" };
		await cpi.setVmMetadata(cid, later, patient);
		await cpi.setVmMetadata(cid, { job: "database" }, patient);
		expect((await list(owner, "vm"))[0]?.metadata).toMatchObject({ ...first, ...later, job: "database" });
	});

	test.each(Object.entries(hostile))("a name with %s", async (_, name) => {
		const { cpi, vm, clear } = bench();
		const owner = { store: crypto.randomUUID(), deployment: name };
		const request = vm({ owner, name, metadata: { name } });
		const made = await cpi.createVm({ ...request, seed: { ...request.seed, hostname: name } }, patient);
		try {
			const found = await cpi.find(request.key, patient);
			expect(found).toMatchObject({ cid: made.cid, owner, state: "running", metadata: { name } });
			expect((await cpi.list(owner, "vm", patient)).items).toEqual([found]);
		} finally {
			await clear(owner);
		}
		expect(await cpi.hasVm(made.cid, patient)).toBe(false);
	});

	test("rebooted, it runs again", async () => {
		const { cpi, vm } = bench();
		const request = vm();
		const { cid } = await cpi.createVm(request, patient);
		await cpi.rebootVm(cid, patient);
		expect(await cpi.find(request.key, patient)).toMatchObject({ cid, state: "running" });
	});

	test("with its plug pulled it is there, doesn't run, and a reboot powers it on", async ({ skip }) => {
		const { cpi, cloud, vm } = bench();
		if (!cloud.pullPlug) return skip("this cloud's VMs can't be powered off from outside");
		const request = vm();
		const made = await cpi.createVm(request, patient);
		await cloud.pullPlug(made.cid);
		expect(await cpi.hasVm(made.cid, patient)).toBe(true);
		await expect.poll(async () => (await cpi.find(request.key, patient))?.state).not.toBe("running");
		await cpi.rebootVm(made.cid, patient);
		expect(await cpi.find(request.key, patient)).toMatchObject({ state: "running", ips: Object.values(made.ips) });
		await cloud.pullPlug(made.cid);
		await cpi.deleteVm(made.cid, patient);
		expect(await cpi.hasVm(made.cid, patient)).toBe(false);
	});

	test("a stemcell that isn't there is refused, and nothing is made", async () => {
		const { cpi, vm, list, owner } = bench();
		const request = vm({ stemcell: "stemcell-none" as never });
		const failed = cpi.createVm(request, patient);
		await expect(failed).rejects.toBeInstanceOf(CpiError);
		await expect(failed).rejects.toMatchObject({ retryable: false });
		expect(await list(owner, "vm")).toEqual([]);
	});

	test("properties computed from what a VM needs make a VM", async () => {
		const { cpi, vm, cloud } = bench();
		const computed = await cpi.calculateVmCloudProperties({ cpu: 1, ramMib: 512, ephemeralDiskMib: 1024 }, patient);
		const { cid } = await cpi.createVm(vm({ cloudProperties: { ...cloud.vm, ...computed } }), patient);
		expect(await cpi.hasVm(cid, patient)).toBe(true);
	});
}

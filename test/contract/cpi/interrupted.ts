import { expect, test } from "vitest";
import type { Cpi, VmRequest } from "../../../src/cpi/cpi.ts";
import { CpiError } from "../../../src/cpi/errors.ts";
import { type Bench, decorated, expectNoResidue, newKey, patient } from "./cloud.ts";

/** At so many parts of the time that a whole call takes it is interrupted. */
const parts = [0, 0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 0.95];

/** The milliseconds that `createVm` takes here. */
async function measure({ cpi, vm }: Bench): Promise<number> {
	const began = performance.now();
	const { cid } = await cpi.createVm(vm(), patient);
	const taken = performance.now() - began;
	await cpi.deleteVm(cid, patient);
	return taken;
}

/** What was begun is found by its key or gone; the same key brings it to its end, or `list` leads to all of it. */
async function expectRecovered({ list, owner }: Bench, cpi: Cpi, request: VmRequest, again: boolean): Promise<void> {
	const found = await cpi.find(request.key, patient);
	const listed = await list(owner, "vm", cpi);
	expect(listed.map(({ cid }) => cid)).toEqual(found ? [found.cid] : []);
	if (!again) return;
	const made = await cpi.createVm(request, patient);
	if (found) expect(made.cid).toBe(found.cid);
	expect(await list(owner, "vm", cpi)).toMatchObject([{ cid: made.cid, state: "running", key: request.key }]);
}

export function interruptedTests(bench: () => Bench): void {
	test("a signal that was aborted before: nothing begins", async () => {
		const { bare, vm, disk, list, owner } = bench();
		const reason = new Error("stopped by the user");
		const options = { ...patient, signal: AbortSignal.abort(reason) };
		await expect(bare.createVm(vm(), options)).rejects.toBe(reason);
		await expect(bare.createDisk(disk(), options)).rejects.toBe(reason);
		await expect(bare.list(owner, "vm", options)).rejects.toBe(reason);
		expect([...(await list(owner, "vm")), ...(await list(owner, "disk"))]).toEqual([]);
	});

	test.each(["bare", "cpi"] as const)("aborted in mid-call (%s): `list` leads to all of it", async (which) => {
		const { clear, vm, owner, cloud } = bench();
		const taken = await measure(bench());
		for (const [index, part] of parts.entries()) {
			const reason = new Error(`stopped at ${part}`);
			const stop = new AbortController();
			const timer = setTimeout(() => stop.abort(reason), taken * part);
			const request = vm();
			const ended = await bench()
				[which].createVm(request, { ...patient, signal: stop.signal })
				.then(
					() => undefined,
					(error: unknown) => error,
				);
			clearTimeout(timer);
			if (ended !== undefined) expect(ended).toBe(reason);
			await expectRecovered(bench(), bench().cpi, request, index % 2 === 0);
			await clear(owner);
			await expectNoResidue(cloud, `aborted at ${part}`);
		}
	});

	test("a davit that is killed in mid-call: the next one finds all of it by key and by list", async ({ skip }) => {
		const { clear, vm, owner, cloud } = bench();
		const taken = await measure(bench());
		for (const [index, part] of parts.entries()) {
			const doomed = await cloud.connect();
			if (!doomed.kill) return skip("this CPI runs in the test's own process");
			const request = vm();
			const ended = doomed.cpi.createVm(request, patient).catch(() => {});
			await new Promise((resolve) => setTimeout(resolve, taken * part));
			await doomed.kill();
			await ended;
			await expectRecovered(bench(), bench().cpi, request, index % 2 === 0);
			await clear(owner);
			await expectNoResidue(cloud, `killed at ${part}`);
		}
	});

	test("past its deadline it says what it waited for, may be called again, and loses nothing", async () => {
		const { clear, bare, cpi, vm, owner, cloud } = bench();
		const taken = await measure(bench());
		for (const part of [0, 0.3, 0.6]) {
			const request = vm();
			const deadlineMs = Math.max(1, Math.floor(taken * part));
			const failed = await bare.createVm(request, { ...patient, deadlineMs }).catch((error: unknown) => error);
			if (failed instanceof Error) {
				expect(failed).toBeInstanceOf(CpiError);
				expect(failed).toMatchObject({ kind: "unavailable", retryable: true, operation: "createVm" });
				expect(failed.message).toMatch(/createVm.*\d s/);
			} else expect(part).not.toBe(0);
			await expectRecovered(bench(), cpi, request, true);
			await clear(owner);
			await expectNoResidue(cloud, `past ${deadlineMs} ms`);
		}
	});

	test("two davits at once on one cloud: each call has its effect once", async () => {
		const { cloud, cpi, vm, disk, list, owner } = bench();
		const other = decorated((await cloud.connect()).cpi);
		const request = vm();
		const [one, same] = await Promise.all([cpi.createVm(request, patient), other.createVm(request, patient)]);
		expect(one).toEqual(same);
		const wanted = disk();
		const cids = await Promise.all([cpi.createDisk(wanted, patient), other.createDisk(wanted, patient)]);
		expect(new Set(cids).size).toBe(1);
		const [cid] = cids;
		const attach = { ...patient, mountPoint: "/var/vcap/store" };
		await Promise.all([cpi.attachDisk(one.cid, cid, attach), other.attachDisk(one.cid, cid, attach)]);
		expect(await list(owner, "disk", other)).toMatchObject([{ cid, attachedTo: one.cid }]);
		await Promise.all([cpi.deleteVm(one.cid, patient), other.deleteVm(one.cid, patient)]);
		await Promise.all([cpi.deleteDisk(cid, patient), other.deleteDisk(cid, patient)]);
		expect([...(await list(owner, "vm")), ...(await list(owner, "disk", other))]).toEqual([]);
		expect(await other.find(newKey(), patient)).toBeUndefined();
	});
}

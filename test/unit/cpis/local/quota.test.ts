import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import createCpi from "../../../../cpis/local/index.ts";
import type { CallOptions, Cpi, DiskRequest } from "../../../../src/cpi/cpi.ts";

const options: CallOptions = { signal: new AbortController().signal, deadlineMs: 60_000 };
const homes: string[] = [];
afterEach(() => {
	for (const home of homes.splice(0)) rmSync(home, { recursive: true });
});

function open(quota?: object): Promise<Cpi> {
	const home = mkdtempSync(join(tmpdir(), "davit-quota-"));
	homes.push(home);
	return createCpi({ name: "local", properties: quota ? { quota } : {}, home, env: {} });
}

const disk = (key: string, sizeMib: number): DiskRequest => ({
	...{ key, sizeMib, owner: { store: "s", deployment: "d" }, cloudProperties: {}, metadata: {} },
});

test("a disk over the quota is refused with numbers, the same one again and what fits are not", async () => {
	const cpi = await open({ disk: 150 });
	const cid = await cpi.createDisk(disk("one", 100), options);
	expect(await cpi.createDisk(disk("one", 100), options)).toBe(cid);
	await expect(cpi.createDisk(disk("two", 51), options)).rejects.toMatchObject({
		...{ kind: "quota", retryable: false },
		message: "a disk takes 51 MiB of disk, and of the 150 MiB of the quota 100 MiB are in use",
	});
	expect(await cpi.find("two", options)).toBeUndefined();
	await expect(cpi.resizeDisk(cid, 151, options)).rejects.toMatchObject({ kind: "quota" });
	await cpi.resizeDisk(cid, 150, options);
	expect(await cpi.quotas?.(options)).toContainEqual({
		...{ resource: "disk", name: "disk", limit: 150, used: 150, enforced: true },
	});
});

test("of two that come at once one gets the last of it", async () => {
	const cpi = await open({ disks: 1 });
	const both = await Promise.allSettled(["a", "b"].map((key) => cpi.createDisk(disk(key, 1), options)));
	expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
});

test("without one the machine says what it has, and refuses nothing", async () => {
	const cpi = await open();
	const found = (await cpi.quotas?.(options)) ?? [];
	expect(found.map(({ resource, enforced }) => `${resource} ${enforced}`)).toEqual([
		...["vcpus false", "memory false", "disk false"],
	]);
	expect(found.every(({ limit }) => limit > 0)).toBe(true);
});

test("a VM's size is known where its properties tell both", async () => {
	const cpi = await open();
	const sizeOf = (cloudProperties: object) =>
		cpi.resourcesOf?.({ kind: "vm", cloudProperties: cloudProperties as Record<string, unknown> }, options);
	expect(await sizeOf({ cpu: 2, ram: 4096 })).toEqual([
		{ resource: "vcpus", amount: 2 },
		{ resource: "memory", amount: 4096 },
	]);
	expect(await sizeOf({})).toBeUndefined();
});

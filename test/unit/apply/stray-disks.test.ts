import { expect, test } from "vitest";
import { strayDisks } from "../../../src/apply/stray-disks.ts";
import type { CloudResource, Cpi } from "../../../src/cpi/cpi.ts";

const owner = { store: "s", deployment: "d" };
const disk = (cid: string, metadata: Record<string, string> = {}): CloudResource => {
	return { kind: "disk", cid, key: `key of ${cid}`, owner, name: cid, sizeMib: 100, metadata };
};

/** A cloud whose list has two pages. */
function cloud(pages: readonly (readonly CloudResource[])[], can = { list: true, persistentDisks: true }): Cpi {
	const list: Cpi["list"] = async (_, kind, { page = "0" }) => {
		expect(kind).toBe("disk");
		const next = Number(page) + 1;
		return { items: pages[Number(page)] ?? [], ...(next < pages.length ? { next: String(next) } : {}) };
	};
	return { info: () => ({ can }), list } as unknown as Cpi;
}

const find = (cpis: ReadonlyMap<string, Cpi>, known: readonly string[]) =>
	strayDisks({ owner, cpis, known: new Set(known), now: 7, signal: new AbortController().signal });

test("what no record names is kept as orphaned, with what its tags tell, from every page and cloud", async () => {
	const tags = { instance_id: "i", instance_group: "db", instance_index: "1", disk_name: "wal" };
	const cpis = new Map([
		["a", cloud([[disk("known"), disk("one", tags)], [disk("two")]])],
		["b", cloud([[disk("three")]])],
	]);
	const changes = await find(cpis, ["known"]);
	const record = { deployment: "d", az: "", sizeMib: 100, mounted: true, orphanedAt: 7 };
	const kept = (cid: string, cpi: string, instance: string, instanceName: string) => {
		return { ...record, cid, key: `key of ${cid}`, cpi, instance, instanceName };
	};
	expect(changes).toEqual([
		{ ...kept("one", "a", "i", "db/1"), name: "wal" },
		kept("two", "a", "", "/"),
		kept("three", "b", "", "/"),
	]);
});

test("a cloud that can't tell is not asked", async () => {
	const silent = cloud([[disk("one")]], { list: false, persistentDisks: true });
	expect(await find(new Map([["a", silent]]), [])).toEqual([]);
});

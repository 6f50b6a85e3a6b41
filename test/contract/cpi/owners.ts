import { expect, test } from "vitest";
import { type Bench, newOwner, patient } from "./cloud.ts";

export function ownerTests(bench: () => Bench): void {
	test("each owner sees and loses what is its own; another's VM and disk are untouched", async () => {
		const { cpi, cloud, vm, disk, list, clear } = bench();
		const mine = newOwner("one");
		const owners = [mine, { ...mine, deployment: "two" }, newOwner("one")];
		const attached = await Promise.all(
			owners.map(async (owner, index) => {
				const ip = cloud.networks[0]?.free[index] ?? "";
				const [{ cid }, of] = await Promise.all([
					cpi.createVm(vm({ owner, ip }), patient),
					cpi.createDisk(disk({ owner }), patient),
				]);
				await cpi.attachDisk(cid, of, { ...patient, mountPoint: "/var/vcap/store" });
				return { owner, vm: cid, disk: of };
			}),
		);
		try {
			for (const one of attached) {
				expect(await list(one.owner, "vm")).toMatchObject([{ cid: one.vm, owner: one.owner }]);
				expect(await list(one.owner, "disk")).toMatchObject([{ cid: one.disk, attachedTo: one.vm }]);
			}
			const both = await list({ store: mine.store }, "vm");
			expect(both.map(({ owner }) => owner.deployment).sort()).toEqual(["one", "two"]);
			const named = (await list({ deployment: "one" }, "disk")).map(({ cid }) => cid);
			expect(named).toEqual(expect.arrayContaining([attached[0]?.disk, attached[2]?.disk]));
			expect(named).not.toContain(attached[1]?.disk);
			await clear(mine);
			expect([...(await list(mine, "vm")), ...(await list(mine, "disk"))]).toEqual([]);
			for (const one of attached.slice(1)) {
				expect(await list(one.owner, "vm")).toMatchObject([{ cid: one.vm, state: "running" }]);
				expect(await cpi.getDisks(one.vm, patient)).toEqual([one.disk]);
			}
		} finally {
			await clear(...owners);
		}
	});

	test("an owner without anything has nothing, of any kind", async () => {
		const { cpi, list } = bench();
		for (const kind of ["vm", "disk", "snapshot", "image", "address", "port"] as const)
			expect(await list(newOwner(), kind), kind).toEqual([]);
		expect((await cpi.list(newOwner("../../x"), "vm", patient)).next).toBeUndefined();
	});

	test("a list of several pages tells each thing once", async ({ skip }) => {
		const { cpi, cloud, disk, list, owner } = bench();
		const { disksOfTwoPages: many } = cloud;
		if (many === undefined) return skip("two pages are too many disks for this cloud");
		const cids = await Promise.all(Array.from({ length: many }, () => cpi.createDisk(disk(), patient)));
		expect((await cpi.list(owner, "disk", patient)).next).toBeDefined();
		expect((await list(owner, "disk")).map(({ cid }) => cid).sort()).toEqual([...cids].sort());
	});
}

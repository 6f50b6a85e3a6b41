import { expect, test } from "vitest";
import type { Quota, ResourceUse, SizedThing, VmCid } from "../../../src/cpi/cpi.ts";
import { quotaProblems } from "../../../src/plan/quota-problems.ts";
import { type PresentVm, resourceTotals, type TotalsInput } from "../../../src/plan/resource-totals.ts";
import type { Step } from "../../../src/plan/step.ts";
import { diskRecord } from "../../support/plan-fixtures.ts";

/** A cloud whose VMs have as many vCPUs as their properties say, each host limited apart. */
const usesOf = (_: string, thing: SizedThing): readonly ResourceUse[] | undefined => {
	if (thing.kind === "disk") return [{ resource: "disk", amount: thing.sizeMib }];
	const { cpu, host } = thing.cloudProperties as { readonly cpu?: number; readonly host?: string };
	if (cpu === undefined) return undefined;
	return [{ resource: "vcpus", amount: cpu, ...(host === undefined ? {} : { pool: host }) }];
};
const step = (kind: string, instance: string, more: object): Step =>
	({ kind, id: `${kind} ${instance}`, title: "", after: [], instance, ...more }) as unknown as Step;
const create = (instance: string, cloudProperties: object) =>
	step("create-vm", instance, { shape: { cpi: "c", cloudProperties, networks: { default: {} } } });
const remove = (instance: string, cid: string) => step("delete-vm", instance, { cid, cpi: "c" });
const vm = (cloudProperties?: object): PresentVm =>
	({
		...{ cpi: "c", addresses: 1 },
		...(cloudProperties ? { cloudProperties: cloudProperties as PresentVm["cloudProperties"] } : {}),
	}) as PresentVm;
const present = (vms: Readonly<Record<string, PresentVm>>) => new Map(Object.entries(vms) as [VmCid, PresentVm][]);
const quota = (more: Partial<Quota>): Quota => ({
	...{ resource: "vcpus", name: "cores", limit: 8, used: 4, enforced: true },
	...more,
});

function totals(input: Partial<TotalsInput>) {
	return resourceTotals({ steps: [], vms: new Map(), disks: [], usesOf, quotas: new Map(), ...input });
}

function counted(input: Partial<TotalsInput>): Readonly<Record<string, string>> {
	return Object.fromEntries(
		totals(input).totals.map(({ resource, pool, now, most, after }) => [
			pool === undefined ? resource : `${resource} of ${pool}`,
			`${now} ${most} ${after}`,
		]),
	);
}

test("a VM that is made anew is never there twice; a larger one takes the difference", () => {
	const steps = [
		remove("web/0", "vm-1"),
		create("web/0", { cpu: 4 }),
		remove("web/1", "vm-2"),
		create("web/1", { cpu: 4 }),
	];
	expect(counted({ steps, vms: present({ "vm-1": vm({ cpu: 2 }), "vm-2": vm({ cpu: 2 }) }) })).toEqual({
		...{ vms: "2 2 2", vcpus: "4 8 8", addresses: "2 2 2" },
	});
});

test("what is taken meanwhile, and given back", () => {
	const steps = [create("new/0", { cpu: 4 }), remove("web/0", "vm-1"), create("web/0", { cpu: 1 })];
	expect(counted({ steps, vms: present({ "vm-1": vm({ cpu: 6 }) }) })).toMatchObject({ vcpus: "6 10 5", vms: "1 2 2" });
});

test("VMs that are made to compile are there meanwhile", () => {
	const steps = [
		create("compilation/0", { cpu: 8 }),
		create("web/0", { cpu: 1 }),
		step("delete-compilation-vm", "compilation/0", {}),
	];
	expect(counted({ steps })).toMatchObject({ vms: "0 2 1", vcpus: "0 9 1" });
});

test("a VM that is made before the old one goes is beside it meanwhile", () => {
	const steps = [create("web/0", { cpu: 4 }), remove("web/0", "vm-1")];
	expect(counted({ steps, vms: present({ "vm-1": vm({ cpu: 4 }) }) })).toMatchObject({ vms: "1 2 1", vcpus: "4 8 4" });
});

test("what a plan deletes first is free for what it makes", () => {
	const steps = [step("delete-orphan-vm", "", { cid: "vm-9", cpi: "c" }), create("web/0", { cpu: 2 })];
	expect(counted({ steps, vms: present({ "vm-9": vm() }) })).toMatchObject({ vms: "1 1 1" });
});

test("a disk that is copied stays beside its copy, orphaned; one that grows takes the difference", () => {
	const disks = [diskRecord("disk-1", { cpi: "c", sizeMib: 100 }), diskRecord("disk-2", { cpi: "c", sizeMib: 50 })];
	const steps = [
		step("create-disk", "db/0", { cpi: "c", sizeMib: 300, cloudProperties: {}, copyOf: "disk-1" }),
		step("resize-disk", "db/1", { cpi: "c", disk: "disk-2", sizeMib: 80 }),
	];
	expect(counted({ steps, disks })).toEqual({ disks: "2 3 3", disk: "150 480 480" });
});

test("hosts are counted apart, and together", () => {
	const vms = present({ "vm-1": vm({ cpu: 2, host: "h1" }), "vm-2": vm({ cpu: 3, host: "h2" }) });
	expect(counted({ vms, steps: [create("web/0", { cpu: 4, host: "h2" })] })).toMatchObject({
		...{ vcpus: "5 9 9", "vcpus of h1": "2 2 2", "vcpus of h2": "3 7 7" },
	});
});

test("a cloud that doesn't say how large its VMs are is named once", () => {
	const found = totals({ vms: present({ "vm-1": vm() }), steps: [create("a/0", {}), create("a/1", {})] });
	expect(found.unsized).toEqual(["c"]);
});

test.each<[string, Partial<Quota>, readonly string[]]>([
	["room for exactly that", { limit: 8 }, []],
	[
		"one too few",
		{ limit: 7 },
		[
			"c: the quota cores is too small: this takes 4 vCPUs more, and of 7 there are 4 in use: 1 too many; taken by web/0 (2), web/1 (2)",
		],
	],
	["a host that may promise more than it has", { limit: 7, enforced: false }, []],
	["of another host", { limit: 1, pool: "h1" }, []],
	["of something else", { limit: 1, resource: "memory" }, []],
])("a quota: %s", (_, more, messages) => {
	const steps = [create("web/0", { cpu: 2 }), create("web/1", { cpu: 2 })];
	const found = totals({ steps, quotas: new Map([["c", [quota(more)]]]) });
	expect(quotaProblems(found.totals).map(({ message }) => message)).toEqual(messages);
});

test("a quota that is over its limit already refuses nothing that takes no more", () => {
	const steps = [remove("web/0", "vm-1"), create("web/0", { cpu: 2 })];
	const quotas = new Map([["c", [quota({ limit: 1 })]]]);
	expect(quotaProblems(totals({ steps, quotas, vms: present({ "vm-1": vm({ cpu: 2 }) }) }).totals)).toEqual([]);
});

test("what is too much for a while only is told as such", () => {
	const steps = [create("new/0", { cpu: 4 }), remove("web/0", "vm-1")];
	const quotas = new Map([["c", [quota({ limit: 7 })]]]);
	const [problem] = quotaProblems(totals({ steps, quotas, vms: present({ "vm-1": vm({ cpu: 4 }) }) }).totals);
	expect(problem?.message).toContain("this takes 4 vCPUs more while it runs, 0 after it, and of 7 there are 4 in use");
});

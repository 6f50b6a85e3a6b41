import { describe, expect, test } from "vitest";
import type { CloudResource, VmCid } from "../../../src/cpi/cpi.ts";
import type { MachineIdentity } from "../../../src/machine/identity.ts";
import type { ProbeResult } from "../../../src/machine/probe.ts";
import type { Cloud } from "../../../src/manifest/cloud.ts";
import type { Deployment } from "../../../src/manifest/deployment.ts";
import { type FoundDisk, type FoundInstance, matchDisks } from "../../../src/plan/found-disks.ts";
import { claimOf, type EnteredVm, instancesOf, numberOf } from "../../../src/plan/found-vms.ts";
import { group, record } from "../../support/plan-fixtures.ts";

const groups = [group("db", { instances: 2, persistentDisk: { sizeMib: 100 } }), group("web", { azs: ["z1", "z2"] })];
const deployment = { name: "d", instanceGroups: groups } as unknown as Deployment;
const subnet = (range: string, az: string) => ({ range, azs: [az] });
const cloud = {
	networks: [
		{ type: "manual", name: "default", subnets: [subnet("10.0.1.0/24", "z1"), subnet("10.0.2.0/24", "z2")] },
		{ type: "dynamic", name: "other", subnets: [] },
	],
} as unknown as Cloud;

function resource(kind: "vm" | "disk", cid: string, more: Partial<CloudResource> = {}): CloudResource {
	return { kind, cid, key: `${cid}-1`, owner: { store: "s", deployment: "d" }, name: cid, metadata: {}, ...more };
}

function disk(cid: string, number: number, instance: string, more: Partial<CloudResource> = {}): FoundDisk {
	const [name = "", index = ""] = instance.split("/");
	const metadata = { instance_group: name, instance_index: index, instance_id: `${name}-${index}-id` };
	return { cpi: "c", disk: resource("disk", cid, { key: `k-${number}`, sizeMib: 100, metadata, ...more }) };
}

function instance(name: string, index: number, vm?: string): [string, FoundInstance] {
	return [`${name}/${index}`, { record: record(name, index), vms: new Set(vm === undefined ? [] : [vm]) }];
}

const match = (found: readonly FoundDisk[], ...instances: (readonly [string, FoundInstance])[]) => {
	const { disks, ...rest } = matchDisks(found, new Map(instances), { deployment, now: 7 });
	return {
		has: Object.fromEntries(rest.instances.map((each) => [`${each.group}/${each.index}`, each.disk])),
		orphaned: disks.flatMap(({ cid, orphanedAt }) => (orphanedAt === undefined ? [] : [cid])),
		copies: disks.flatMap(({ cid, copyOf }) => (copyOf ? [[cid, copyOf.disk]] : [])),
		unclear: rest.unclear,
	};
};
const on = (vm: string) => ({ attachedTo: vm as VmCid });

describe("disks", () => {
	test("what is attached is its VM's, whatever the tags say; what is not is orphaned beside it", () => {
		const found = [disk("own", 5, "web/3", on("vm")), disk("former", 2, "db/0")];
		expect(match(found, instance("db", 0, "vm"), instance("db", 1, "vm-1"))).toMatchObject({
			has: { "db/0": "own", "db/1": undefined },
			orphaned: ["former"],
		});
	});

	test("a copy that was cut short stays one: the older disk is the instance's", () => {
		const found = [disk("copy", 12, "db/0", on("vm")), disk("old", 9, "db/0", on("vm"))];
		expect(match(found, instance("db", 0, "vm"), instance("db", 1))).toMatchObject({
			has: { "db/0": "old" },
			copies: [["copy", "old"]],
			orphaned: [],
		});
	});

	test("one that hangs on nothing is the instance's that its tags name, if the group wants one and no other says so", () => {
		expect(match([disk("a", 1, "db/0")], instance("db", 0, "vm"), instance("db", 1, "vm-1")).has["db/0"]).toBe("a");
		expect(match([disk("a", 1, "web/0")], instance("web", 0, "vm"))).toMatchObject({
			has: { "web/0": undefined },
			orphaned: ["a"],
		});
		const two = match([disk("a", 1, "db/0"), disk("b", 2, "db/0")], instance("db", 0, "vm"), instance("db", 1, "vm-1"));
		expect(two).toMatchObject({ has: { "db/0": undefined }, orphaned: ["a", "b"] });
		expect(two.unclear).toEqual([{ instance: "db/0", disks: ["a", "b"] }]);
	});

	test("of several disks each is known by its name, attached or not; one that is not wanted and hangs on nothing is orphaned", () => {
		const named = (cid: string, instance: string, name: string, more: Partial<CloudResource> = {}) => {
			const { cpi, disk: found } = disk(cid, 1, instance, more);
			return { cpi, disk: { ...found, metadata: { ...found.metadata, disk_name: name } } };
		};
		const disks = ["wal", "log"].map((name) => ({ name, type: "fast" }));
		const several = { ...deployment, instanceGroups: [group("q", { instances: 2, persistentDisks: disks })] };
		const found = [
			...[named("a", "q/0", "wal", on("vm")), named("b", "q/0", "log"), named("c", "q/0", "old")],
			...[named("d", "q/1", "wal"), named("e", "q/1", "log"), named("f", "q/1", "log")],
		];
		const {
			instances,
			disks: recorded,
			unclear,
		} = matchDisks(found, new Map([instance("q", 0, "vm")]), { deployment: several, now: 7 });
		expect(instances.map(({ index, disk: store, disks: own }) => [index, store, own])).toEqual([
			[0, undefined, { wal: "a", log: "b" }],
			[1, undefined, { wal: "d" }],
		]);
		expect(recorded.map(({ cid, name, instanceName, orphanedAt }) => [cid, name, instanceName, orphanedAt])).toEqual([
			...[
				["a", "wal", "q/0", undefined],
				["b", "log", "q/0", undefined],
				["c", "old", "q/0", 7],
			],
			...[
				["d", "wal", "q/1", undefined],
				["e", "log", "q/1", 7],
				["f", "log", "q/1", 7],
			],
		]);
		expect(unclear).toEqual([{ instance: "q/1", disks: ["e", "f"] }]);
	});

	test("an instance that lost its VM is known by its disk, as far as the group wants so many", () => {
		const found = [disk("b", 1, "db/1"), disk("z", 1, "db/10"), disk("c", 1, "db/2")];
		expect(match(found, instance("db", 0, "vm"))).toMatchObject({
			has: { "db/0": undefined, "db/1": "b" },
			orphaned: ["z", "c"],
		});
		expect(match(found, instance("db", 0, "vm"), instance("db", 7, "vm-7"))).toMatchObject({
			orphaned: ["b", "z", "c"],
		});
	});
});

describe("VMs", () => {
	test("by their tags, else by their name, they are instances on networks and in an AZ", () => {
		const metadata = { instance_group: "web", index: "4", id: "u" };
		const tagged = { cpi: "c", vm: resource("vm", "v", { metadata, ips: ["10.0.2.9"] }) };
		expect(claimOf(tagged, deployment, cloud)).toMatchObject({
			id: "u",
			group: "web",
			index: 4,
			az: "z2",
			ips: { default: "10.0.2.9" },
		});
		const named = { cpi: "c", vm: resource("vm", "v", { name: "gone/2", ips: ["1.2.3.4"] }) };
		expect(claimOf(named, deployment, cloud)).toMatchObject({
			id: "",
			group: "gone",
			index: 2,
			ips: { "": "1.2.3.4" },
		});
		expect([numberOf("d-web-0-ea74-12"), numberOf("made by hand"), numberOf(undefined)]).toEqual([12, 0, 0]);
	});

	const entered = (cid: string, key: string, processes: ProbeResult["processes"] = []): EnteredVm => {
		const networks = { default: { ip: "10.0.1.5" }, other: {} };
		const identity = {
			id: "i",
			group: "db",
			index: 0,
			az: "z1",
			bootstrap: true,
			networks,
		} as unknown as MachineIdentity;
		const vm = resource("vm", cid, { key, ips: ["10.0.9.9", "10.0.1.5"] });
		return { cpi: "c", vm, identity, probe: { processes } as ProbeResult, hostKeys: ["k"], learnt: true };
	};
	const chosen = (all: readonly EnteredVm[], holder?: string) =>
		instancesOf(all, deployment, { hasDisk: ({ cid }) => cid === holder, now: 7 });

	test("of two that are one instance the one with its disk is recorded, else the newer; the other is left", () => {
		const both = [entered("old", "k-3"), entered("new", "k-11")];
		expect(chosen(both).instances.get("db/0")?.record.vm?.cid).toBe("new");
		const { instances, left } = chosen(both, "old");
		expect(instances.get("db/0")?.record).toMatchObject({
			vm: { cid: "old" },
			ips: { default: "10.0.1.5", other: "10.0.9.9" },
		});
		expect(left.map(({ vm }) => vm.cid)).toEqual(["new"]);
	});

	test.each([
		["none of its processes is watched: stopped", [{ monitored: false }, { monitored: false }], "stopped"],
		["one still runs", [{ monitored: false }, { monitored: false, pid: 5 }], "started"],
		["it has none", [], "started"],
		["the supervisor is silent", undefined, "started"],
	])("%s", (_, processes, wanted) => {
		const vm = entered("v", "k-1", processes as ProbeResult["processes"]);
		expect(chosen([vm]).instances.get("db/0")?.record.wanted).toBe(wanted);
	});
});

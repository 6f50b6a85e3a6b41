import { expect, test } from "vitest";
import { Records } from "../../../src/apply/records.ts";
import { settleIntents } from "../../../src/apply/resume.ts";
import type { CloudResource, Cpi, DiskCid, VmCid } from "../../../src/cpi/cpi.ts";
import type {
	Change,
	DiskRecord,
	InstanceRecord,
	Intent,
	Lease,
	StateStore,
	VmRecord,
} from "../../../src/state/state.ts";
import { diskRecord, record } from "../../support/plan-fixtures.ts";

const intent: Intent = {
	id: 7,
	deployment: "d",
	fence: 1,
	verb: "createVm",
	key: "d-g-0-1",
	data: { instance: "g/0", cpi: "local", shape: {}, hostKeys: ["ssh-ed25519 AAAA"] },
	startedAt: 0,
};

interface Case {
	readonly intent: Intent;
	readonly instance?: Partial<InstanceRecord>;
	readonly disks?: readonly DiskRecord[];
	readonly orphans?: readonly DiskRecord[];
	readonly cpi: Partial<Cpi>;
}

/** The changes that settle the intent. */
async function settledBy({ intent, instance, disks = [], orphans = [], cpi }: Case): Promise<readonly Change[]> {
	const written: Change[] = [];
	const store = {
		finish: async (_fence: unknown, _id: unknown, _outcome: unknown, changes: readonly Change[]) => {
			written.push(...changes);
		},
		orphanedDisks: async () => orphans,
	};
	await settleIntents([intent], {
		deployment: "d",
		store: store as unknown as StateStore,
		lease: { fence: { deployment: "d", number: 2 } } as Lease,
		records: new Records({ instances: [record("g", 0, instance)], disks }),
		cpi: () => cpi as Cpi,
		options: { signal: new AbortController().signal, deadlineMs: 1 },
		now: () => 5,
	});
	return written;
}

/** The same for a `createVm`, when the cloud has this for its key. */
const settled = (found: Partial<CloudResource> | undefined) =>
	settledBy({ intent, cpi: { find: async () => found as CloudResource } });

test("a VM that a killed run had made is taken over: neither lost nor made twice", async () => {
	expect(await settled({ cid: "vm-1", state: "running" })).toMatchObject([
		{ put: "instance", record: { vm: { cid: "vm-1", key: "d-g-0-1", bootstrapped: false }, dirty: true } },
	]);
});

test("of a BOSH stemcell's VM the sealed endpoint is taken over too: its agent has yet to be spoken with", async () => {
	const data = { ...intent.data, hostKeys: [], agent: "davit1.k.sealed" };
	const find = async () => ({ cid: "vm-1", state: "running" }) as CloudResource;
	expect(await settledBy({ intent: { ...intent, data }, cpi: { find } })).toMatchObject([
		{ record: { vm: { hostKeys: [], agent: "davit1.k.sealed", bootstrapped: false } } },
	]);
});

test.each([
	["was never made", undefined],
	["is there and does not run: half of it may be missing", { cid: "vm-1", state: "stopped" }],
])("a VM that %s is not", async (_, found) => {
	expect(await settled(found)).toEqual([]);
});

const orphan = diskRecord("disk-old", { deployment: "e", instance: "x", instanceName: "x/0", orphanedAt: 1 });
const attach: Intent = {
	...intent,
	verb: "attachDisk",
	key: "disk-old",
	data: { instance: "g/0", cpi: "local", vm: "vm-1", unorphan: true },
};
const attached = (disks: readonly string[], orphans = [orphan]) =>
	settledBy({
		intent: attach,
		instance: { disk: "disk-own" as DiskCid },
		disks: [diskRecord("disk-own")],
		orphans,
		cpi: { getDisks: async () => disks as DiskCid[] },
	});

test("an orphaned disk that a killed run had attached is the instance's; the one that it had is orphaned", async () => {
	expect(await attached(["disk-old"])).toEqual([
		{ put: "disk", record: diskRecord("disk-own", { orphanedAt: 5 }) },
		{ put: "disk", record: diskRecord("disk-old") },
		{ put: "instance", record: record("g", 0, { disk: "disk-old" as DiskCid, dirty: true }) },
	]);
});

test("so is one that was to be one of several; of those nothing else changes", async () => {
	const disks = { wal: "disk-wal" as DiskCid, logs: "disk-logs" as DiskCid };
	const settled = await settledBy({
		intent: { ...attach, data: { ...attach.data, name: "wal" } },
		instance: { disks },
		disks: [diskRecord("disk-wal", { name: "wal" }), diskRecord("disk-logs", { name: "logs" })],
		orphans: [{ ...orphan, name: "logs" }],
		cpi: { getDisks: async () => ["disk-old", "disk-logs"] as DiskCid[] },
	});
	expect(settled).toEqual([
		{ put: "disk", record: diskRecord("disk-wal", { name: "wal", orphanedAt: 5 }) },
		{ put: "disk", record: diskRecord("disk-old", { name: "wal" }) },
		{ put: "instance", record: record("g", 0, { disks: { ...disks, wal: "disk-old" as DiskCid }, dirty: true }) },
	]);
});

test.each([
	["is taken over beside the others", { logs: "disk-logs" as DiskCid }, "disk-1"],
	["is not, where there is one of its name by now", { wal: "disk-2" as DiskCid }, undefined],
])("one of several disks that a killed run had made %s", async (_, disks, expected) => {
	const data = { instance: "g/0", cpi: "local", az: "z1", sizeMib: 100, cloudProperties: {}, name: "wal" };
	const settled = await settledBy({
		intent: { ...intent, verb: "createDisk", key: "d-g-0-disk-1-wal", data },
		instance: { disks },
		cpi: { find: async () => ({ cid: "disk-1" }) as CloudResource },
	});
	const taken = expected ? [{ record: { cid: expected, name: "wal", mounted: false } }] : [];
	const given = expected ? [{ record: record("g", 0, { disks: { ...disks, wal: expected as DiskCid } }) }] : [];
	expect(settled).toMatchObject([...taken, ...given]);
	expect(settled).toHaveLength(expected ? 2 : 0);
});

test.each([
	["never got to the VM", () => attached([])],
	["somebody else has taken since", () => attached(["disk-old"], [])],
])("an orphaned disk that %s changes nothing", async (_, settle) => {
	expect(await settle()).toEqual([]);
});

test.each<[string, boolean, readonly Change[]]>([
	["gone is forgotten", false, [{ delete: "disk", cid: "disk-1" as DiskCid }]],
	["there still stays orphaned", true, []],
])("a disk that was being deleted, and is %s", async (_, there, changes) => {
	const deleting: Intent = { ...intent, verb: "deleteDisk", key: "disk-1", data: { cpi: "local" } };
	expect(await settledBy({ intent: deleting, cpi: { hasDisk: async () => there } })).toEqual(changes);
});

const recordedVm = {
	cid: "vm-1" as VmCid,
	key: "d-g-0-1",
	cpi: "local",
	createdAt: 0,
	shape: {},
	hostKeys: [],
	bootstrapped: true,
};

test.each<[string, boolean, object]>([
	["gone is forgotten", false, record("g", 0)],
	["there still may lack parts", true, record("g", 0, { vm: { ...recordedVm, deleting: true } })],
])("a VM that was being deleted, and is %s", async (_, there, expected) => {
	const deleting: Intent = { ...intent, verb: "deleteVm", key: "vm-1", data: { instance: "g/0", cpi: "local" } };
	const settle = settledBy({ intent: deleting, instance: { vm: recordedVm }, cpi: { hasVm: async () => there } });
	expect(await settle).toEqual([{ put: "instance", record: expected }]);
});

test("a VM that was to take the place of an instance's is its next one; the one that runs stays", async () => {
	const vm = { cid: "vm-1" as VmCid, key: "k", cpi: "local" } as VmRecord;
	const data = { ...intent.data, next: { ips: { default: "10.0.0.9" } } };
	const cpi = { find: async () => ({ cid: "vm-2", state: "running" }) as CloudResource };
	const [change] = await settledBy({ intent: { ...intent, data }, instance: { vm }, cpi });
	expect(change).toMatchObject({
		record: { vm, nextVm: { cid: "vm-2", bootstrapped: false, ips: { default: "10.0.0.9" } } },
	});
	// Its instance has lost its VM meanwhile, or has a next one: nobody's, and so it is deleted.
	expect(await settledBy({ intent: { ...intent, data }, cpi })).toEqual([]);
	expect(await settledBy({ intent: { ...intent, data }, instance: { vm, nextVm: { ...vm, ips: {} } }, cpi })).toEqual(
		[],
	);
});

test("of a VM beside an instance's own whose deletion was cut short: gone, or never gone on with", async () => {
	const vm = { cid: "vm-1" as VmCid, key: "k", cpi: "local" } as VmRecord;
	const nextVm = { ...vm, cid: "vm-2" as VmCid, ips: {} };
	const deletion = { ...intent, verb: "deleteVm", key: "vm-2" };
	const settledAs = async (there: boolean) =>
		(await settledBy({ intent: deletion, instance: { vm, nextVm }, cpi: { hasVm: async () => there } }))[0];
	expect(await settledAs(true)).toMatchObject({ record: { vm, nextVm: { deleting: true } } });
	expect(await settledAs(false)).toMatchObject({ record: { vm } });
	expect(await settledAs(false)).not.toHaveProperty("record.nextVm");
});

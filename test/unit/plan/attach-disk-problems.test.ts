import { expect, test } from "vitest";
import type { DiskCid, VmCid } from "../../../src/cpi/cpi.ts";
import { type AttachDiskAsked, attachDiskProblems, whichDisk } from "../../../src/plan/attach-disk-problems.ts";
import { diskRecord, group, record } from "../../support/plan-fixtures.ts";

const FOREIGN = "one that davit did not make, as from a snapshot, needs --disk-properties copy";

const disk = diskRecord("disk-1", { deployment: "old", instance: "x-id", instanceName: "x/0", orphanedAt: 1 });
const vm = {
	cid: "vm-1" as VmCid,
	key: "k",
	cpi: "local",
	createdAt: 0,
	shape: {},
	hostKeys: [],
	bootstrapped: true,
};
const { orphanedAt: _, ...held } = disk;
const own = { ...held, instance: "g-0-id" };
const several = group("g", {
	persistentDisks: [
		{ name: "wal", type: "fast" },
		{ name: "logs", type: "slow" },
	],
});

test.each([
	["the one that is said", { ...disk, name: "wal" }, "logs", "logs"],
	["the one that it was", { ...disk, name: "wal" }, undefined, "wal"],
	["none, if it was another group's", { ...disk, name: "spool" }, undefined, undefined],
	["none, if it was at /var/vcap/store", disk, undefined, undefined],
])("of several disks it is to be %s", (_, of, given, expected) => {
	expect(whichDisk(several, of, given)).toBe(expected);
	expect(whichDisk(group("g", { persistentDisk: { sizeMib: 100 } }), of, given)).toBe(given);
});

function told(more: Partial<AttachDiskAsked>): readonly string[] {
	const asked = {
		instance: record("g", 0, { vm }),
		group: group("g", { persistentDisk: { sizeMib: 100 } }),
		cid: "disk-1",
		as: undefined,
		disk,
		orphans: [disk],
		...more,
	};
	return attachDiskProblems(asked).map(({ code, message, hint }) => `${code}: ${message} → ${hint}`);
}

test.each<[string, Partial<AttachDiskAsked>]>([
	["an orphaned disk of its AZ and cloud", {}],
	["the disk that it has already", { disk: { ...held, instance: "g-0-id" } }],
	["a copy that was given up when it was whole", { disk: { ...disk, copyOf: { disk: held.cid, whole: true } } }],
	["one of several disks", { group: several, as: "wal" }],
	["the one of them that it has already", { group: several, as: "wal", disk: { ...own, name: "wal" } }],
	["a group with a disk type", { group: group("g", { persistentDisk: { type: "big" } }) }],
])("fits: %s", (_name, more) => {
	expect(told(more)).toEqual([]);
});

test.each<[Partial<AttachDiskAsked>, readonly string[]]>([
	[
		{ cid: "disk-2", disk: undefined },
		[`no-disk: there is no disk "disk-2" → orphaned are: disk-1 (old x/0); ${FOREIGN}`],
	],
	[
		{ cid: "disk-2", disk: undefined, orphans: [] },
		[`no-disk: there is no disk "disk-2" → no disk is orphaned; ${FOREIGN}`],
	],
	[
		{ disk: held },
		[
			'disk-in-use: disk disk-1 is attached to x/0 of deployment "old" → only an orphaned disk can be attached: davit disks --orphaned lists them',
		],
	],
	[
		{ group: several },
		[
			'which-disk: g/0: the manifest gives instance group "g" persistent disks that have names → say which it is to be: --name wal or --name logs',
		],
	],
	[
		{ group: several, as: "spool" },
		[
			'no-persistent-disk: g/0: the manifest gives instance group "g" no persistent disk "spool" → add it to persistent_disks, and deploy; there are: wal, logs',
		],
	],
	[
		{ group: several, as: "wal", disk: { ...own, name: "logs", instanceName: "g/0", deployment: "d" } },
		[
			'disk-in-use: disk disk-1 is attached to g/0 of deployment "d" → only an orphaned disk can be attached: davit disks --orphaned lists them',
		],
	],
	[
		{ disk: { ...disk, az: "z2" } },
		[
			'other-az: disk disk-1 is in AZ "z2", and g/0 in "z1" → a disk can\'t be attached across AZs: choose an instance in its AZ',
		],
	],
	[
		{ disk: { ...disk, cpi: "east", az: "z2" } },
		[
			'other-cpi: disk disk-1 is at the cloud of CPI "east", and g/0 at that of "local" → copy its contents over the network instead',
		],
	],
	[
		{ disk: { ...disk, copyOf: { disk: "disk-0" as DiskCid, whole: false } } },
		[
			"half-copy: disk disk-1 is a copy of disk disk-0 that was never finished → attach disk-0, which has all of it, and delete the copy: davit delete-disk disk-1",
		],
	],
	[
		{ instance: record("g", 0), group: group("g", { persistentDisk: { sizeMib: 0 } }), disk: undefined, orphans: [] },
		[
			'no-persistent-disk: g/0: the manifest gives instance group "g" no persistent disk → add persistent_disk or persistent_disk_type to it, and deploy',
			"no-vm: g/0 has no VM → davit deploy makes it; attach the disk then",
			`no-disk: there is no disk "disk-1" → no disk is orphaned; ${FOREIGN}`,
		],
	],
])("each thing in the way is told, all at once", (more, expected) => {
	expect(told(more)).toEqual(expected);
});

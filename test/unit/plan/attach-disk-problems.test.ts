import { expect, test } from "vitest";
import type { VmCid } from "../../../src/cpi/cpi.ts";
import { type AttachDiskAsked, attachDiskProblems } from "../../../src/plan/attach-disk-problems.ts";
import { diskRecord, group, record } from "../../support/plan-fixtures.ts";

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

function told(more: Partial<AttachDiskAsked>): readonly string[] {
	const asked = {
		instance: record("g", 0, { vm }),
		group: group("g", { persistentDisk: { sizeMib: 100 } }),
		cid: "disk-1",
		disk,
		orphans: [disk],
		...more,
	};
	return attachDiskProblems(asked).map(({ code, message, hint }) => `${code}: ${message} → ${hint}`);
}

test.each<[string, Partial<AttachDiskAsked>]>([
	["an orphaned disk of its AZ and cloud", {}],
	["the disk that it has already", { disk: { ...held, instance: "g-0-id" } }],
	["a group with a disk type", { group: group("g", { persistentDisk: { type: "big" } }) }],
])("fits: %s", (_name, more) => {
	expect(told(more)).toEqual([]);
});

test.each<[Partial<AttachDiskAsked>, readonly string[]]>([
	[{ cid: "disk-2", disk: undefined }, ['no-disk: there is no disk "disk-2" → orphaned are: disk-1 (old x/0)']],
	[{ cid: "disk-2", disk: undefined, orphans: [] }, ['no-disk: there is no disk "disk-2" → no disk is orphaned']],
	[
		{ disk: held },
		[
			'disk-in-use: disk disk-1 is attached to x/0 of deployment "old" → only an orphaned disk can be attached: davit disks --orphaned lists them',
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
		{ instance: record("g", 0), group: group("g", { persistentDisk: { sizeMib: 0 } }), disk: undefined, orphans: [] },
		[
			'no-persistent-disk: g/0: the manifest gives instance group "g" no persistent disk → add persistent_disk or persistent_disk_type to it, and deploy',
			"no-vm: g/0 has no VM → davit deploy makes it; attach the disk then",
			'no-disk: there is no disk "disk-1" → no disk is orphaned',
		],
	],
])("each thing in the way is told, all at once", (more, expected) => {
	expect(told(more)).toEqual(expected);
});

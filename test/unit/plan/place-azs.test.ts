import fc from "fast-check";
import { expect, test } from "vitest";
import type { DiskCid } from "../../../src/cpi/cpi.ts";
import { placeInAzs } from "../../../src/plan/place-azs.ts";
import { group, record } from "../../support/plan-fixtures.ts";

const places = (azs: string[], instances: number, recorded: Parameters<typeof placeInAzs>[1]) => {
	const { slots, obsolete } = placeInAzs(group("g", { azs, instances }), recorded);
	return {
		slots: slots.map(({ index, az, record }) => `${index} ${az}${record ? "" : " new"}`),
		obsolete: obsolete.map(({ index }) => index),
	};
};
const withDisk = (index: number, az: string) => record("g", index, { az, disk: `d${index}` as DiskCid });

test.each([
	["new instances are spread evenly", ["z1", "z2", "z3"], 4, [], ["0 z1 new", "1 z2 new", "2 z3 new", "3 z1 new"], []],
	[
		"added zones take instances without disks",
		["z1", "z2", "z3"],
		3,
		[0, 1, 2].map((index) => record("g", index)),
		["0 z1", "3 z2 new", "4 z3 new"],
		[1, 2],
	],
	[
		"disks hold instances in their zone",
		["z1", "z2", "z3"],
		3,
		[0, 1, 2].map((index) => withDisk(index, "z1")),
		["0 z1", "1 z1", "2 z1"],
		[],
	],
	[
		"more instances go to the empty zones",
		["z1", "z2", "z3"],
		6,
		[0, 1, 2].map((index) => withDisk(index, "z1")),
		["0 z1", "1 z1", "2 z1", "3 z2 new", "4 z3 new", "5 z2 new"],
		[],
	],
	["fewer instances: the highest index goes", ["z1"], 1, [record("g", 0), record("g", 1)], ["0 z1"], [1]],
	["a zone that is gone loses its instances", ["z2"], 1, [withDisk(0, "z1")], ["1 z2 new"], [0]],
	["without zones", [], 2, [], ["0  new", "1  new"], []],
])("%s", (_, azs, instances, recorded, slots, obsolete) => {
	const placed = places(azs, instances, recorded);
	expect(placed.obsolete).toEqual(obsolete);
	expect(placed.slots.map((text) => text.replace(/^\d+ /, "")).sort()).toEqual(
		slots.map((text) => text.replace(/^\d+ /, "")).sort(),
	);
});

test("an instance without a zone moves to the one that migrated_from names", () => {
	const { slots } = placeInAzs(group("g", { azs: ["z1"], migratedFrom: [{ name: "g", az: "z1" }] }), [
		record("g", 0, { az: "" }),
	]);
	expect(slots.map(({ az, record }) => [az, record?.id])).toEqual([["z1", "g-0-id"]]);
});

test("placing what was placed changes nothing, and no two share an index", () => {
	fc.assert(
		fc.property(
			fc.subarray(["z1", "z2", "z3"], { minLength: 1 }),
			fc.integer({ min: 0, max: 12 }),
			fc.integer({ min: 0, max: 12 }),
			(azs, before, after) => {
				const toRecords = (slots: readonly { az: string; index: number }[]) =>
					slots.map(({ az, index }) => record("g", index, { az }));
				const first = placeInAzs(group("g", { azs, instances: before }), []).slots;
				const second = placeInAzs(group("g", { azs, instances: after }), toRecords(first)).slots;
				const third = placeInAzs(group("g", { azs, instances: after }), toRecords(second));
				expect(third.slots.map(({ az, index }) => [az, index])).toEqual(second.map(({ az, index }) => [az, index]));
				expect(third.obsolete).toEqual([]);
				expect(new Set(second.map(({ index }) => index)).size).toBe(after);
			},
		),
	);
});

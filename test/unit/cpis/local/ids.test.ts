import { expect, test } from "vitest";
import { chooseIds, type IdFacts } from "../../../../cpis/local/ids.ts";

const facts: IdFacts = {
	uid: 1001,
	gid: 1002,
	userName: "ann",
	helpers: true,
	subuid: "bob:100000:65536\nann:200000:65536\n",
	subgid: "ann:300000:65536\n",
	uidMap: "0 0 4294967295\n",
	gidMap: "0 0 4294967295\n",
};
const range = {
	ids: "range",
	uid: [
		[0, 1001, 1],
		[1, 200_000, 65_536],
	],
	gid: [
		[0, 1002, 1],
		[1, 300_000, 65_536],
	],
};
const one = { ids: "one", uid: [[0, 1001, 1]], gid: [[0, 1002, 1]] };

test.each<[string, Partial<IdFacts>, unknown]>([
	["the user's range", {}, range],
	["a range by number", { subuid: "1001:200000:65536\n" }, range],
	["one id where newuidmap is missing", { helpers: false }, one],
	["one id without a range for users", { subuid: undefined }, one],
	["one id without a range for groups", { subgid: "bob:100000:65536\n" }, one],
	["one id where the range is too small for nobody", { subuid: "ann:200000:65535\n" }, one],
	[
		"one id of a user without a name",
		{ userName: "", subuid: ":200000:65536\n", subgid: ":1:65536\n", helpers: false },
		one,
	],
])("an ordinary user gets %s", (_, more, wanted) => {
	expect(chooseIds({ ...facts, ...more }, undefined)).toEqual(wanted);
});

test("root gets every id that root has, in a container with gaps as well", () => {
	const maps = { uidMap: "0 100000 1000\n2000 300000 500\n", gidMap: "0 100000 1000\n" };
	expect(chooseIds({ ...facts, uid: 0, gid: 0, ...maps }, undefined)).toEqual({
		ids: "root",
		uid: [
			[0, 0, 1000],
			[2000, 2000, 500],
		],
		gid: [[0, 0, 1000]],
	});
});

test("the cloud file may ask for one id", () => {
	expect(chooseIds(facts, "one")).toEqual(one);
	expect(chooseIds({ ...facts, uid: 0, gid: 0 }, "one")).toEqual({ ids: "one", uid: [[0, 0, 1]], gid: [[0, 0, 1]] });
});

import { expect, test } from "vitest";
import { hasRange, inNamespace } from "../../../../src/stemcell/build/mode.ts";

test.each([
	["minsu:100000:65536\n", true],
	["1001:100000:65536\n", false],
	["root:1:65536\nminsu:100000:65537", true],
	["minsu:100000:1000\n", false],
	["minsu2:100000:65536\n", false],
	["# minsu:100000:65536\n", false],
	["", false],
])("subuid file %j gives a range: %s", (text, has) => {
	expect(hasRange(text, "minsu")).toBe(has);
});

test("only an ordinary user needs a namespace", () => {
	expect(inNamespace("root", ["rm", "x"])).toEqual(["rm", "x"]);
	expect(inNamespace("unshare", ["rm", "x"])).toEqual([
		"unshare",
		"--user",
		"--map-auto",
		"--map-root-user",
		"--",
		"rm",
		"x",
	]);
});

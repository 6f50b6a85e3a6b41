import { expect, test } from "vitest";
import { compareVersions } from "../../../src/release/compare-versions.ts";

test.each([
	["1", "1.0", 0],
	["1.9", "1.10", -1],
	["2", "10", -1],
	["1.0-rc.1", "1.0", -1],
	["1.0-rc.2", "1.0-rc.10", -1],
	["1.0+dev.1", "1.0", 1],
	["1.0+dev.2", "1.0+dev.10", -1],
	["0+dev.abc", "1", -1],
	["1.a", "1.1", 1],
])("%s against %s", (one, other, expected) => {
	expect(Math.sign(compareVersions(one, other))).toBe(expected);
	expect(Math.sign(compareVersions(other, one))).toBe(expected === 0 ? 0 : -expected);
});

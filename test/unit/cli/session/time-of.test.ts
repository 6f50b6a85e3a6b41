import { expect, test } from "vitest";
import { timeOf } from "../../../../src/cli/session/time-of.ts";
import { UserError } from "../../../../src/errors.ts";

test.each([
	["2026-11-28T09:30:00Z", "2026-11-28T09:30:00.000Z"],
	["2026-11-28t09:30:00z", "2026-11-28T09:30:00.000Z"],
	["2026-11-28T18:30:00+09:00", "2026-11-28T09:30:00.000Z"],
	["2026-11-28T09:30:00.25-00:30", "2026-11-28T10:00:00.250Z"],
	["2026-11-28T09:30:00", "2026-11-28T09:30:00.000Z"],
	["2026-11-28 09:30:00", "2026-11-28T09:30:00.000Z"],
	["2026-11-28 09:30:00 UTC", "2026-11-28T09:30:00.000Z"],
	["2028-02-29T00:00:00Z", "2028-02-29T00:00:00.000Z"],
])("%s is a time, in UTC unless it names a zone", (given, expected) => {
	expect(new Date(timeOf(given, "--before") ?? 0).toISOString()).toBe(expected);
});

test.each([
	"",
	"yesterday",
	"2026-11-28",
	"2026-02-29T00:00:00Z",
	"2026-13-01T00:00:00Z",
	"2026-11-28T25:00:00Z",
	"1795858200",
])("%j is none", (given) => {
	expect(() => timeOf(given, "--before")).toThrow(UserError);
	expect(() => timeOf(given, "--before")).toThrow(`--before ${given} is no time`);
});

test("what was not given is not there", () => {
	expect(timeOf(undefined, "--before")).toBeUndefined();
});

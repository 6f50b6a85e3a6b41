import { expect, test } from "vitest";
import { cgroupsOf } from "../../../src/stemcell/cgroups.ts";

const lines = [
	{ os: "ubuntu-22.04", aliases: ["ubuntu-jammy"], traps: [{ name: "cgroup-v2", since: "", fact: "" }] },
	{ os: "old-1", traps: [{ name: "apparmor", since: "", fact: "" }] },
];

test.each([
	["an embedded VM has the machine's", "local", "ubuntu-jammy", "v1"],
	["BOSH's own jammy is booted with v1", "bosh", "ubuntu-jammy", "v1"],
	["a prepared image is as its distribution", "prepared", "ubuntu-22.04", "v2"],
	["by its other name too", "plain", "ubuntu-jammy", "v2"],
	["a line that says nothing of it leaves it open", "plain", "old-1", undefined],
	["an unknown system too", "prepared", "centos-7", undefined],
] as const)("%s", (_, kind, os, expected) => {
	expect(cgroupsOf({ os, kind }, lines, "v1")).toBe(expected);
});

import { describe, expect, test } from "vitest";
import type { VmCid } from "../../../src/cpi/cpi.ts";
import {
	chooseDefaults,
	chooseWished,
	consentLines,
	parseWish,
	type Wish,
	withoutVain,
} from "../../../src/health/choices.ts";
import type { CloudProblem } from "../../../src/health/cloud-problems.ts";
import { type ProblemKind, RESOLUTIONS_OF, type Resolution } from "../../../src/health/resolutions.ts";

function problem(kind: ProblemKind, instance?: string, more: Partial<CloudProblem> = {}): CloudProblem {
	const own = instance === undefined ? {} : { instance };
	return { id: 1, kind, description: kind, cid: `cid-${instance}`, ...own, resolutions: RESOLUTIONS_OF[kind], ...more };
}

const instances = ["web/0", "web/1", "db/0"];
const wish = (text: string) => parseWish(text, instances) as Wish;

describe("a wish", () => {
	test.each([
		["recreate_vm", { resolution: "recreate_vm" }],
		["missing_vm=recreate_vm", { of: "missing_vm", resolution: "recreate_vm" }],
		["db/0=ignore", { of: "db/0", resolution: "ignore" }],
	])("%s", (text, expected) => expect(parseWish(text, instances)).toEqual({ text, ...expected }));

	test.each([
		["recreate", /no resolution "recreate"; there are ignore, recreate_vm_without_wait/],
		["db/0=", /no resolution ""/],
		["db/7=ignore", /"db\/7" is no problem and no instance; there are missing_vm, .*db\/0/],
		["=ignore", /"" is no problem/],
	])("%s is none", (text, expected) =>
		expect((parseWish(text, instances) as { wrong: string }).wrong).toMatch(expected),
	);
});

describe("what is wished", () => {
	const problems = [
		problem("missing_vm", "web/0"),
		problem("unresponsive_agent", "web/1"),
		problem("missing_vm", "db/0"),
		problem("missing_disk", "db/0"),
	];
	test.each<[string, readonly string[], readonly Resolution[], readonly string[]]>([
		["nothing", [], ["ignore", "ignore", "ignore", "ignore"], []],
		[
			"for all that have it, as BOSH does",
			["recreate_vm"],
			["recreate_vm", "recreate_vm", "recreate_vm", "ignore"],
			[],
		],
		["of one kind", ["unresponsive_agent=reboot_vm"], ["ignore", "reboot_vm", "ignore", "ignore"], []],
		[
			"an instance goes before a kind, and that before all, in whatever order",
			["recreate_vm_without_wait", "missing_vm=recreate_vm", "db/0=delete_vm_reference", "delete_disk_reference"],
			["recreate_vm", "recreate_vm_without_wait", "delete_vm_reference", "delete_disk_reference"],
			[],
		],
		[
			"for nobody",
			["reattach_disk", "web/0=reboot_vm"],
			["ignore", "ignore", "ignore", "ignore"],
			["reattach_disk", "web/0=reboot_vm"],
		],
	])("%s", (_, texts, expected, unused) => {
		const chosen = chooseWished(problems, texts.map(wish));
		expect(chosen.choices.map(({ resolution }) => resolution)).toEqual(expected);
		expect(chosen.unused.map(({ text }) => text)).toEqual(unused);
	});
});

test("the defaults are BOSH's, and davit's own lose nothing", () => {
	const all = Object.keys(RESOLUTIONS_OF) as ProblemKind[];
	const choices = chooseDefaults(all.map((kind) => problem(kind, "db/0")));
	expect(Object.fromEntries(choices.map(({ problem: { kind }, resolution }) => [kind, resolution]))).toEqual({
		missing_vm: "recreate_vm_without_wait",
		unresponsive_agent: "ignore",
		missing_disk: "ignore",
		inactive_disk: "ignore",
		mount_info_mismatch: "ignore",
		stopped_vm: "reboot_vm",
		unfinished_update: "finish_update",
		shared_vm: "ignore",
		unknown_vm: "ignore",
		unknown_disk: "orphan_disk",
	});
	expect(consentLines(choices)).toEqual([]);
});

test("no VM is made for an instance whose disk is gone, unless it may have an empty one", () => {
	const choices = (disk: Resolution) => [
		{ problem: problem("missing_vm", "db/0"), resolution: "recreate_vm" as const },
		{ problem: problem("missing_vm", "web/0"), resolution: "recreate_vm" as const },
		{ problem: problem("missing_disk", "db/0", { cid: "disk-db" }), resolution: disk },
	];
	const held = withoutVain(choices("ignore"));
	expect(held.choices.map(({ resolution }) => resolution)).toEqual(["ignore", "recreate_vm", "ignore"]);
	expect(held.held).toEqual([{ instance: "db/0", disk: "disk-db" }]);
	const free = withoutVain(choices("delete_disk_reference"));
	expect(free).toEqual({ choices: choices("delete_disk_reference"), held: [] });
});

test.each<[ProblemKind, Resolution, Partial<CloudProblem>, readonly RegExp[]]>([
	["missing_vm", "recreate_vm", {}, []],
	["missing_vm", "delete_vm_reference", {}, []],
	["unresponsive_agent", "reboot_vm", {}, []],
	["unresponsive_agent", "recreate_vm_without_wait", {}, [/VM vm of db\/0 is deleted, and a new one is made/]],
	["stopped_vm", "recreate_vm", {}, [/VM vm of db\/0 is deleted/]],
	["unresponsive_agent", "delete_vm", {}, [/VM vm of db\/0 is deleted; its persistent disks are kept/]],
	["unresponsive_agent", "delete_vm_reference", {}, [/forgotten, though the cloud has it/]],
	["unknown_vm", "delete_vm", {}, [/VM vm, which no record knows, is deleted/]],
	["missing_disk", "delete_disk_reference", {}, [/disk vm of db\/0 is forgotten; it gets an empty one/]],
	["mount_info_mismatch", "reattach_disk", {}, []],
	["mount_info_mismatch", "reattach_disk", { attachedTo: "vm-x" as VmCid }, [/disk vm is taken from VM vm-x/]],
	["mount_info_mismatch", "ignore", { attachedTo: "vm-x" as VmCid }, []],
])("%s, %s: what needs consent", (kind, resolution, more, expected) => {
	const lines = consentLines([{ problem: problem(kind, "db/0", { cid: "vm", ...more }), resolution }]);
	expect(lines).toEqual(expected.map((each) => expect.stringMatching(each)));
});

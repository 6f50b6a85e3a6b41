import { expect, test } from "vitest";
import { massDeletion } from "../../../src/plan/mass-deletion.ts";
import type { InstanceChange } from "../../../src/plan/step.ts";
import { instanceRecord } from "../../contract/state.ts";

const recorded = ["db/0", "web/0", "web/1", "api/0", "tests/0"].map((name) => {
	const [group = "", index] = name.split("/");
	const lifecycle = group === "tests" ? ("errand" as const) : ("service" as const);
	return { ...instanceRecord(name), group, index: Number(index), lifecycle };
});

const ask = (deleted: readonly string[], created: readonly string[] = []) => {
	const change = (action: InstanceChange["action"]) => (instance: string) => ({ instance, action, reasons: [] });
	const changes = [...deleted.map(change("delete")), ...created.map(change("create"))];
	return massDeletion({ deployment: "d", changes }, recorded);
};

test.each<[string, readonly string[], readonly string[]]>([
	["a group that is not most of it", ["db/0"], []],
	["as much as stays", ["db/0", "api/0"], []],
	["instances of groups that stay", ["web/1"], ["cache/0"]],
	["an errand's VM, while a group comes", ["tests/0"], ["cache/0"]],
	["nothing", [], ["cache/0"]],
])("%s may go without a flag", (_, deleted, created) => {
	expect(ask(deleted, created)).toBeUndefined();
});

test.each<[string, readonly string[], readonly string[], string, string]>([
	["all", ["db/0", "web/0", "web/1", "api/0"], [], "4 of 4", "if they are to go, run it again with --allow-deletions"],
	[
		"more than half",
		["web/0", "web/1", "db/0"],
		[],
		"3 of 4",
		"if they are to go, run it again with --allow-deletions",
	],
	[
		"a group while another comes",
		["db/0", "web/1"],
		["database/0"],
		"1 of 4",
		'if "db" was renamed, write migrated_from: [{name: db}] in its new group; if they are to go, run it again with --allow-deletions',
	],
])("%s is told, with what would go", (_, deleted, created, count, hint) => {
	const told = ask(deleted, created);
	expect(told?.message.split("\n")[0]).toBe(
		`d: this deletes ${count} instances, and no group of the manifest is theirs any more:`,
	);
	expect(told?.hint).toBe(hint);
	const whole = deleted.filter((name) => !name.startsWith("web/") || deleted.includes("web/0"));
	expect(
		told?.message
			.split("\n")
			.slice(1)
			.map((line) => line.trim())
			.sort(),
	).toEqual([...whole].sort());
});

test("a group that moves to other AZs is told as that", () => {
	const told = ask(["web/0", "web/1", "db/0"], ["web/2", "web/3", "db/1"]);
	expect(told?.message.split("\n")[0]).toBe(
		"d: this deletes 3 of 4 instances, all that their groups have, and makes others, as in other AZs:",
	);
	expect(told?.hint).toBe("if they are to go, run it again with --allow-deletions");
});

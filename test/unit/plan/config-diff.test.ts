import { expect, test } from "vitest";
import type { Value } from "../../../src/manifest/deployment.ts";
import { configDiff } from "../../../src/plan/config-diff.ts";

const signs = { added: "+ ", removed: "- ", none: "  " };
const diff = (from: Value, to: Value) =>
	configDiff(from, to).map(({ change, text }) => `${signs[change ?? "none"]}${text}`);

const cloud = (more: { [key: string]: Value }): Value => ({
	azs: [{ name: "z1" }, { name: "z2" }],
	vm_types: [{ name: "small", cloud_properties: { cpu: 1, ram: 1024 } }],
	...more,
});

test.each<[string, Value, Value, readonly string[]]>([
	["nothing", cloud({}), cloud({}), []],
	["another order is none", cloud({}), cloud({ azs: [{ name: "z2" }, { name: "z1" }] }), []],
	[
		"an item of a list that has names",
		cloud({}),
		cloud({ azs: [{ name: "z1" }, { name: "z3", cloud_properties: { host: "h3" } }] }),
		["  azs:", "- - name: z2", "+ - name: z3", "+   cloud_properties:", "+     host: h3"],
	],
	[
		"a value deep inside, with all above it",
		cloud({}),
		cloud({ vm_types: [{ name: "small", cloud_properties: { cpu: 2, ram: 1024 } }] }),
		["  vm_types:", "  - name: small", "    cloud_properties:", "-     cpu: 1", "+     cpu: 2"],
	],
	["a key that comes and one that goes", { a: 1, b: { c: 1 } }, { b: { c: 1 }, d: [1] }, ["- a: 1", "+ d:", "+ - 1"]],
	["a list of words", { jobs: ["a", "b"] }, { jobs: ["b", "c"] }, ["  jobs:", "- - a", "+ - c"]],
	["another kind of value", { a: { b: 1 } }, { a: [1] }, ["- a:", "-   b: 1", "+ a:", "+ - 1"]],
	["null is a value", { a: null }, {}, ["- a: null"]],
	["two that are nothing alike", "text", { a: 1 }, ["- text", "+ a: 1"]],
])("%s", (_, from, to, lines) => {
	expect(diff(from, to)).toEqual(lines);
});

test("a secret's value is hidden, that it differs is not; so is what lies below its name", () => {
	expect(
		diff(
			{ admin_password: "one", tokens: [{ name: "t", value: "x" }] },
			{ admin_password: "two", tokens: [{ name: "t", value: "y" }] },
		),
	).toEqual([
		...["- admin_password: (hidden)", "+ admin_password: (hidden)"],
		...["  tokens:", "  - name: t", "-   value: (hidden)", "+   value: (hidden)"],
	]);
	expect(diff({}, { password: "((made))" })).toEqual(["+ password: ((made))"]);
});

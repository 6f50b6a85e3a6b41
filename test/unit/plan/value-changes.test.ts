import fc from "fast-check";
import { expect, test } from "vitest";
import { valueChanges } from "../../../src/plan/value-changes.ts";

test.each<[string, unknown, unknown, readonly object[]]>([
	["nothing", { a: [1, { b: null }] }, { a: [1, {}] }, []],
	["a leaf", { a: { b: 1 } }, { a: { b: 2 } }, [{ path: "/a/b", from: 1, to: 2 }]],
	[
		"what comes and goes",
		{ a: 1 },
		{ b: 2 },
		[
			{ path: "/a", from: 1 },
			{ path: "/b", to: 2 },
		],
	],
	["an item of a list", { a: [1, 2] }, { a: [1, 3] }, [{ path: "/a/1", from: 2, to: 3 }]],
	["a list of another length", { a: [1] }, { a: [1, 2] }, [{ path: "/a", from: [1], to: [1, 2] }]],
	["another type", { a: 1 }, { a: { b: 1 } }, [{ path: "/a", from: 1, to: { b: 1 } }]],
	["keys with slashes", { "a/b~": 1 }, { "a/b~": 2 }, [{ path: "/a~1b~0", from: 1, to: 2 }]],
	[
		"a secret",
		{ admin_password: "old" },
		{ admin_password: "new" },
		[{ path: "/admin_password", from: "(hidden)", to: "(hidden)" }],
	],
	[
		"a secret below",
		{ tls: 1 },
		{ tls: { private_key: "k", ca: "c" } },
		[{ path: "/tls", from: 1, to: { private_key: "(hidden)", ca: "c" } }],
	],
	["below a secret", {}, { secrets: { one: ["x"] } }, [{ path: "/secrets", to: { one: ["(hidden)"] } }]],
	[
		"a secret that is generated",
		{ password: "((old))" },
		{ password: "x" },
		[{ path: "/password", from: "((old))", to: "(hidden)" }],
	],
])("%s", (_, from, to, changes) => {
	expect(valueChanges(from, to)).toEqual(changes);
});

test("none between equal data, some between others, and the other way round they are the same the other way round", () => {
	const data = fc.jsonValue({ maxDepth: 3 });
	fc.assert(
		fc.property(data, data, (from, to) => {
			expect(valueChanges(from, structuredClone(from))).toEqual([]);
			const turned = valueChanges(to, from).map(({ path, ...rest }) => [path, rest.to, rest.from]);
			expect(valueChanges(from, to).map(({ path, ...rest }) => [path, rest.from, rest.to])).toEqual(turned);
		}),
	);
});

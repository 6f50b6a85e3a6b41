import fc from "fast-check";
import { expect, test } from "vitest";
import { beforeEffect, effectOf } from "../../../src/manifest/effect.ts";
import { explainValue } from "../../../src/manifest/explain.ts";
import { interpolateManifest, type ManifestTexts } from "../../../src/manifest/interpolate-manifest.ts";
import type { Node } from "../../../src/manifest/node.ts";
import { applyOperations } from "../../../src/manifest/ops.ts";
import { readOperations } from "../../../src/manifest/ops-file.ts";
import { nodeAtSteps, type Step } from "../../../src/manifest/steps.ts";
import { parseNode } from "../../../src/manifest/yaml.ts";

const MANIFEST = `defaults: &d
  azs: [z1, z2]
  size: &s small
groups:
- <<: *d
  name: db
  instances: 1
- name: web
  azs: [z3]
  size: *s
- <<: [{size: big}, *d]
  name: cell
  size: ((size))
list: [a, b, c]
map: {k: {deep: 1}, "x-((v))": old}
variables: [{name: gen, type: password}, {name: v, type: password}, {name: last, type: password}]
`;

const VARS = "size: huge\nconf: {b: &b {c: [5, 6]}, d: *b}\n";

function texts(...ops: readonly string[]): ManifestTexts {
	return {
		manifest: { text: MANIFEST, file: "m.yml" },
		ops: ops.map((text, index) => ({ text, file: `o${index}.yml` })),
		variables: { varsFiles: [{ text: VARS, file: "v.yml" }], vars: [["v", "7"]] },
	};
}

/** The facts, each as `LINE:COLUMN` of its file and what it says. */
function why(path: string, ...ops: readonly string[]): readonly string[] {
	const given = texts(...ops);
	const interpolated = interpolateManifest(given);
	expect(interpolated.problems).toEqual([]);
	return explainValue(path, { texts: given, interpolated, hidden: new Set(["secret"]) }).map(({ place, text }) =>
		place === undefined ? text : `${place.file}:${place.line}:${place.column} ${text}`,
	);
}

const replace = (path: string, value: string) => `- {type: replace, path: '${path}', value: ${value}}`;
const remove = (path: string) => `- {type: remove, path: '${path}'}`;

test.each<[string, string, readonly string[], readonly string[]]>([
	["what nothing changed", "/groups/name=db/instances", [], ["is 1", "m.yml:7:14 written as 1"]],
	[
		"an operation, over what was written",
		"/groups/name=db/instances",
		[replace("/groups/name=db/instances", "2")],
		["is 2", "m.yml:7:14 written as 1", "o0.yml:1:61 operation 0 (replace /groups/name=db/instances) put 2"],
	],
	[
		"two operations in their order, and a test between them, which does nothing",
		"/list/0",
		[`${replace("/list/0", "x")}\n- {type: test, path: /list/0, value: x}`, replace("/list/0", "other")],
		[
			"is other",
			"m.yml:14:8 written as a",
			"o0.yml:1:43 operation 0 (replace /list/0) put x",
			"o1.yml:1:43 operation 0 (replace /list/0) put other",
		],
	],
	[
		"an item that others were put before: it is the same item",
		"/list/2",
		[replace("/list/0:before", "new")],
		["is b", "m.yml:14:11 written as b"],
	],
	["an item before which one was removed", "/list/0", [remove("/list/0")], ["is b", "m.yml:14:11 written as b"]],
	[
		"the item that :after put in",
		"/list/1",
		[replace("/list/0:after", "new")],
		["is new", "o0.yml:1:49 operation 0 (replace /list/0:after) added new"],
	],
	[
		"an item found by :prev, which wraps",
		"/list/-1",
		[replace("/list/0:prev", "new")],
		["is new", "m.yml:14:14 written as c", "o0.yml:1:48 operation 0 (replace /list/0:prev) put new"],
	],
	[
		"an appended item",
		"/list/3",
		[replace("/list/-", "new")],
		["is new", "o0.yml:1:43 operation 0 (replace /list/-) added new"],
	],
	[
		"what ? made on its way stands where the path is written",
		"/map/new/items/0/name",
		[replace("/map/new?/items/name=i/v", "new")],
		["is i", "o0.yml:1:25 operation 0 (replace /map/new?/items/name=i/v) added i"],
	],
	[
		"the value below what ? made",
		"/map/new/items/0/v/w",
		[replace("/map/new?/items/name=i/v", "{w: 3}")],
		["is 3", "o0.yml:1:64 operation 0 (replace /map/new?/items/name=i/v) added 3"],
	],
	[
		"a map, changed inside, one removed and one put",
		"/groups/name=web",
		[replace("/groups/name=web/azs/0", "z9"), remove("/groups/name=web/size"), replace("/groups/0/instances", "5")],
		[
			"is a map of 2 keys",
			"m.yml:8:3 written as a map of 3 keys",
			"o0.yml:1:25 operation 0 (replace /groups/name=web/azs/0) put /azs/0 inside it",
			"o1.yml:1:24 operation 0 (remove /groups/name=web/size) removed /size inside it",
		],
	],
	[
		"a value with an anchor elsewhere in the ops file",
		"/list/0/b/c",
		[`- {type: test, path: /map/k, value: &x {deep: 1}}\n${replace("/list/0", "{b: {c: 1}}")}`],
		["is 1", "o0.yml:2:51 operation 1 (replace /list/0) put 1"],
	],
	[
		"an alias in an operation's value",
		"/list/0/deep",
		[`- {type: test, path: /map/k, value: &x {deep: 1}}\n- {type: replace, path: /list/0, value: *x}`],
		[
			"is 1",
			"o0.yml:1:47 operation 1 (replace /list/0) put 1",
			"o0.yml:2:41 by *x, whose anchor stands at o0.yml:1:37",
		],
	],
	[
		"a written key after a merge, which counts",
		"/list/0/deep",
		["- {type: test, path: /map/k, value: &x {deep: 1}}\n- {type: replace, path: /list/0, value: {<<: *x, deep: 2}}"],
		["is 2", "o0.yml:2:56 operation 1 (replace /list/0) put 2"],
	],
	[
		"a merge after a written key, which counts",
		"/list/0/deep",
		["- {type: test, path: /map/k, value: &x {deep: 1}}\n- {type: replace, path: /list/0, value: {deep: 2, <<: *x}}"],
		[
			"is 1",
			"o0.yml:1:47 operation 1 (replace /list/0) put 1",
			"o0.yml:2:55 by <<: *x, whose anchor stands at o0.yml:1:37",
		],
	],
	[
		"a value over one that came by an alias, which is no longer of interest",
		"/groups/name=web/size",
		[replace("/groups/name=web/size", "tiny")],
		["is tiny", "m.yml:3:12 written as small", "o0.yml:1:57 operation 0 (replace /groups/name=web/size) put tiny"],
	],
	[
		"an item of a list that was put whole: it is not the item that had its index",
		"/list/1",
		[replace("/list", "[p, q]")],
		["is q", "o0.yml:1:45 operation 0 (replace /list) put q"],
	],
	[
		"a merged key",
		"/groups/name=db/azs/1",
		[],
		["is z2", "m.yml:2:13 written as z2", "m.yml:5:7 by <<: *d, whose anchor stands at m.yml:1:11"],
	],
	[
		"of a merged list the first map",
		"/groups/name=cell/azs/1",
		[],
		["is z2", "m.yml:2:13 written as z2", "m.yml:11:21 by <<: *d, whose anchor stands at m.yml:1:11"],
	],
	[
		"an alias",
		"/groups/name=web/size",
		[],
		["is small", "m.yml:3:12 written as small", "m.yml:10:9 by *s, whose anchor stands at m.yml:3:9"],
	],
	[
		"a variable, over a merged key that a written one replaced",
		"/groups/name=cell/size",
		[],
		["is huge", "m.yml:13:9 written as ((size))", "v.yml:1:7 variable size is huge"],
	],
	[
		"inside a variable's value, by an alias of the vars file",
		"/list/0/d/c/1",
		[replace("/list/0", "((conf))")],
		[
			"is 6",
			"m.yml:14:8 written as a",
			"o0.yml:1:43 operation 0 (replace /list/0) put ((conf))",
			"v.yml:2:22 variable conf is 6 at /d/c/1",
			"v.yml:2:30 by *b, whose anchor stands at v.yml:2:11",
		],
	],
	[
		"a part of a variable",
		"/list/0",
		[replace("/list/0", "((conf.d.c.0))")],
		[
			"is 5",
			"m.yml:14:8 written as a",
			"o0.yml:1:43 operation 0 (replace /list/0) put ((conf.d.c.0))",
			"v.yml:2:19 variable conf.d.c.0 is 5",
			"v.yml:2:30 by *b, whose anchor stands at v.yml:2:11",
		],
	],
	[
		"a key made of a variable",
		"/map/x-7",
		[],
		["is old", "m.yml:15:32 written as old", "-v v:1:1 variable v is 7, in its path"],
	],
	[
		"variables inside a map, each once, and one that a deploy generates",
		"/map",
		[replace("/map", "{a: ((v)), b: 'x((v))((gen))', c: ((none))}")],
		[
			"is a map of 3 keys",
			"m.yml:15:6 written as a map of 2 keys",
			"o0.yml:1:40 operation 0 (replace /map) put a map of 3 keys",
			"-v v:1:1 variable v is 7, in /a and 1 more",
			"o0.yml:1:54 variable gen has no value yet: a deploy generates it, in /b",
			"o0.yml:1:74 variable none has no value, in /c",
		],
	],
	[
		"definitions move up when a given one is left out",
		"/variables/1/name",
		[],
		["is last", "m.yml:16:76 written as last"],
	],
])("--why tells %s", (_, path, ops, facts) => {
	const [value, ...rest] = facts;
	expect(why(path, ...ops)).toEqual([`${path} ${value}`, ...rest]);
});

test("the whole manifest has the empty path", () => {
	expect(why("", replace("/list/0", "new"))).toEqual([
		"the whole is a map of 5 keys",
		"m.yml:1:1 written as a map of 5 keys",
		"o0.yml:1:25 operation 0 (replace /list/0) put /list/0 inside it",
		"v.yml:1:7 variable size is huge, in /groups/2/size",
		"-v v:1:1 variable v is 7, in /map/x-((v))",
	]);
});

test.each<[string, string, readonly string[], string, string, string | undefined]>([
	[
		"by an operation",
		"/map/k/deep",
		[remove("/map/k/deep")],
		"operation 0 (remove /map/k/deep) removed it",
		"before that /map/k/deep was 1",
		"o0.yml:1",
	],
	[
		"with what it stood in, and the last that did so counts",
		"/map/k/deep",
		[remove("/map/k"), replace("/map/k?", "{deep: 2}"), remove("/map")],
		"operation 0 (remove /map) removed /map, and it with that",
		"before that /map/k/deep was 2",
		"o2.yml:1",
	],
	[
		"by another value",
		"/map/k/deep",
		[replace("/map/k", "{shallow: 1}")],
		"operation 0 (replace /map/k) put another value at /map/k, without it",
		"before that /map/k/deep was 1",
		"o0.yml:1",
	],
	[
		"by a new name",
		"/groups/name=db/instances",
		[replace("/groups/name=db/name", "sql")],
		"operation 0 (replace /groups/name=db/name) changed what the path goes by: it put /groups/name=db/name",
		"before that /groups/name=db/instances was 1",
		"o0.yml:1",
	],
	[
		"and never was, but what it would be in",
		"/map/k/other/more",
		[remove("/map/k")],
		"operation 0 (remove /map/k) removed it",
		"before that /map/k was a map of 1 key",
		"o0.yml:1",
	],
	[
		"because its variable is given",
		"/variables/name=v/type",
		[],
		"the variable has a value, so its definition is left out",
		"give it no value, or ask for what it fills",
		"m.yml:16",
	],
])("--why of what is not there says what took it away: %s", (_, path, ops, message, hint, place) => {
	const given = texts(...ops);
	const ask = () => explainValue(path, { texts: given, interpolated: interpolateManifest(given), hidden: new Set() });
	expect(ask).toThrow(`--why ${path}: nothing stands there: ${message}`);
	try {
		ask();
	} catch (error) {
		const [problem] = (error as { problems: readonly { hint: string; place: { file: string; line: number } }[] })
			.problems;
		expect(problem?.hint).toBe(hint);
		expect(`${problem?.place.file}:${problem?.place.line}`).toBe(place);
	}
});

test("--why of what never was there fails as --path does", () => {
	expect(() => why("/map/q?")).toThrow('--why /map/q?: no key "q" at "/map/q?"; keys there: "k", "x-7"');
	expect(() => why("map")).toThrow('--why map: a path begins with "/"');
	expect(() => why("/list/-")).toThrow('"-" stands for a new item');
});

test("a hidden variable's value is shown nowhere, neither alone nor in a longer text nor below it", () => {
	const given: ManifestTexts = {
		manifest: { text: "a: ((secret))\nb: x((secret.k))\nc: ((secret))\n", file: "m.yml" },
		variables: { varsFiles: [{ text: "secret: {k: swordfish}", file: "store.yml" }] },
	};
	const interpolated = interpolateManifest(given);
	for (const path of ["/a/k", "/b", "", "/c"]) {
		const facts = explainValue(path, { texts: given, interpolated, hidden: new Set(["secret"]) });
		expect(JSON.stringify(facts)).toContain("(hidden)");
		expect(JSON.stringify(facts)).not.toContain("swordfish");
	}
});

/** Every spot of a tree. */
function spots(node: Node, steps: readonly Step[] = []): readonly (readonly Step[])[] {
	const below: readonly [Step, Node][] =
		node.kind === "list"
			? [...node.items.entries()]
			: node.kind === "map"
				? [...node.entries].map(([id, { value }]) => [id, value])
				: [];
	return [steps, ...below.flatMap(([step, child]) => spots(child, [...steps, step]))];
}

test("whatever an operation does, every spot is the same as before it, changed inside, or made by it", () => {
	const part = fc.constantFrom("a", "b", "0", "1", "-1", "-", "name=n", "name=n?", "b?", "c?");
	const modifier = fc.constantFrom("", "", "", ":before", ":after", ":prev", ":next");
	const path = fc.array(fc.tuple(part, modifier), { minLength: 1, maxLength: 4 });
	const leaf = fc.constantFrom("1", "[x]", "{a: 1}", "{name: n}");
	const text = fc
		.tuple(leaf, leaf, leaf)
		.map(([p, q, r]) => `{a: [${p}, {name: n, b: ${q}}], b: {a: ${r}, b: [1, 2]}}`);
	let done = 0;
	fc.assert(
		fc.property(text, path, fc.constantFrom("replace", "remove"), leaf, (manifest, parts, type, value) => {
			const pathText = parts.map(([head, tail]) => `/${head}${tail}`).join("");
			const op = `- {type: ${type}, path: '${pathText}'${type === "replace" ? `, value: ${value}` : ""}}`;
			const before = parseNode(manifest, "m.yml").node;
			const { operations } = readOperations(parseNode(op, "o.yml").node);
			const [operation] = operations;
			let after: Node;
			try {
				after = applyOperations(before, operations);
			} catch {
				return;
			}
			if (!operation) return;
			done += 1;
			const effect = effectOf(before, operation);
			if (!effect) {
				expect(after).toEqual(before);
				return;
			}
			if (type === "replace") expect(nodeAtSteps(after, effect.target)).toBe(operation.value);
			for (const spot of spots(after)) {
				const { made, inside, steps } = beforeEffect(effect, spot);
				const now = nodeAtSteps(after, spot);
				const former = steps && nodeAtSteps(before, steps);
				if (made) expect(now?.place.file === "o.yml" || former !== now).toBe(true);
				else if (inside) expect([former?.kind, former === now]).toEqual([now?.kind, false]);
				else expect(former).toBe(now);
			}
		}),
		{ numRuns: 4000 },
	);
	expect(done).toBeGreaterThan(150);
});

import { expect, test } from "vitest";
import { interpolateManifest } from "../../../src/manifest/interpolate-manifest.ts";

const BASE = `map: {a: 1, s: {t: u}, nil: ~}
list: [x, w, {name: n1, v: 1}, {name: n2, v: 2}, {name: 5}]
dup: [{name: a, v: 1}, {name: a, v: 2}]
empty: []
"k/1": 1
"k:2": 2
`;

function patch(...ops: readonly string[]) {
	const texts = ops.map((text, index) => ({ text, file: `ops-${index}.yml` }));
	return interpolateManifest({ manifest: { text: BASE, file: "m.yml" }, ops: texts });
}

function patched(op: string, part: string) {
	const { value, problems } = patch(op);
	expect(problems).toEqual([]);
	return (value as Record<string, unknown>)[part];
}

const replaced = (path: string, part: string) => patched(`- {type: replace, path: '${path}', value: V}`, part);
const item = (name: string, v: number) => ({ name, v });
const five = { name: 5 };

test.each([
	["/map/a", "map", { a: "V", s: { t: "u" }, nil: null }],
	["/map/z?", "map", { a: 1, s: { t: "u" }, nil: null, z: "V" }],
	["/map/z?/y", "map", expect.objectContaining({ z: { y: "V" } })],
	["/map/z?/-", "map", expect.objectContaining({ z: ["V"] })],
	["/map/z?/name=q/r", "map", expect.objectContaining({ z: [{ name: "q", r: "V" }] })],
	["/list/0", "list", ["V", "w", item("n1", 1), item("n2", 2), five]],
	["/list/-1", "list", ["x", "w", item("n1", 1), item("n2", 2), "V"]],
	["/list/0:prev", "list", ["x", "w", item("n1", 1), item("n2", 2), "V"]],
	["/list/0:before", "list", ["V", "x", "w", item("n1", 1), item("n2", 2), five]],
	["/list/name=n1:after", "list", ["x", "w", item("n1", 1), "V", item("n2", 2), five]],
	["/list/name=n1:next/v", "list", ["x", "w", item("n1", 1), { name: "n2", v: "V" }, five]],
	["/list/name=zz?", "list", ["x", "w", item("n1", 1), item("n2", 2), five, "V"]],
	["/list/name=zz?/v", "list", ["x", "w", item("n1", 1), item("n2", 2), five, { name: "zz", v: "V" }]],
	["/empty/-", "empty", ["V"]],
	["/k~11", "k/1", "V"],
	["/k~72", "k:2", "V"],
])("replace %s", (path, part, value) => {
	expect(replaced(path, part)).toEqual(value);
});

test("remove takes keys and items away, and what may be missing may be missing", () => {
	expect(patched("- {type: remove, path: /map/s}", "map")).toEqual({ a: 1, nil: null });
	expect(patched("- {type: remove, path: /list/name=n1}", "list")).toEqual(["x", "w", item("n2", 2), five]);
	expect(patched("- {type: remove, path: '/map/z?/deeper'}", "empty")).toEqual([]);
});

test.each([
	["- {type: replace, path: /list/9, value: 1}", 'index 9 at "/list/9" is outside the list, whose length is 5'],
	["- {type: replace, path: /dup/*/v, value: 1}", 'expected a map for "/dup/*", but a list of 2 items stands there'],
	[
		"- {type: replace, path: /dup/name=a/v, value: 1}",
		'"name=a" at "/dup/name=a" matches 2 items, but must match exactly one',
	],
	[
		"- {type: replace, path: '/dup/name=a?', value: 1}",
		'"name=a" at "/dup/name=a?" matches 2 items, but must match exactly one',
	],
	["- {type: replace, path: /list/name=n3/v, value: 1}", '"name=n3" at "/list/name=n3" matches no item of the list'],
	["- {type: replace, path: '/map/nil?/x', value: 1}", 'expected a map for "/map/nil?/x", but null stands there'],
	["- {type: replace, path: '/map/w?/0', value: 1}", '"/map/w?/0" names an item of a list that does not exist'],
	["- {type: remove, path: /map/b}", 'no key "b" at "/map/b"; keys there: "a", "s", "nil"'],
	["- {type: test, path: /map/a, value: 1.0}", "the value there differs from the one that the test expects"],
	["- {type: test, path: /list/name=zz, absent: true}", '"name=zz" at "/list/name=zz" matches no item of the list'],
])("%s fails", (op, message) => {
	const [problem] = patch(op).problems;
	expect(problem?.message).toBe(
		`operation 0 (${op.slice(9, op.indexOf(","))} ${/path: '?([^,'}]*)/.exec(op)?.[1]}): ${message}`,
	);
});

test("test passes on equal values and on what is absent", () => {
	const op = `- {type: test, path: /map/s, value: {t: u}}
- {type: test, path: /map/none, absent: true}
- {type: test, path: /list/7, absent: true}`;
	expect(patch(op).problems).toEqual([]);
});

test("a failing operation names ops file, index, path, the missing key, the keys there and what to do", () => {
	const remove = "# gone twice\n- type: remove\n  path: /map/a\n";
	expect(patch(remove, remove).problems).toEqual([
		{
			severity: "error",
			code: "ops",
			message: 'operation 0 (remove /map/a): no key "a" at "/map/a"; keys there: "s", "nil"',
			place: { file: "ops-1.yml", line: 3, column: 9 },
			hint: 'did you mean "s"? A key that may be missing is written "a?"',
		},
	]);
});

test("every operation that is written wrong is told at once, before any is applied", () => {
	const ops = `- {type: replace, path: /map/a, value: ~}
- {Type: remove, path: /map/a}
- {type: remove}
- {type: remove, path: /map/a, value: 1}
- {type: replace, path: map/a, value: 1}
- {type: replace, path: /map/e:f, value: 1}
- {type: replce, path: /map/a, value: 1}
- {type: remove, path: /map/none}
- {type: remove, path: /map/a, value: ~, unknown: 1}`;
	expect(patch(ops).problems.map(({ message, place }) => `${place?.line}: ${message}`)).toEqual([
		"1: operation 0: value is missing (or null)",
		"2: operation 1: type is missing",
		"3: operation 2: path is missing",
		"4: operation 3: remove takes no value",
		'5: operation 4: path "map/a": a path begins with "/"',
		'6: operation 5: path "/map/e:f": ":f" is no modifier (:prev, :next, :before, :after); a colon in a key is written ~7',
		'7: operation 6: unknown type "replce"',
	]);
});

test("a vars file given as an ops file is told apart", () => {
	expect(patch("name: x\n").problems[0]).toMatchObject({
		message: "an ops file is a list of operations, but this is a map",
		hint: expect.stringContaining("-l"),
	});
});

test("the copies of an anchor are independent", () => {
	const { value } = interpolateManifest({
		manifest: { text: "a: &x {b: 1}\nc: *x\n", file: "m.yml" },
		ops: [{ text: "- {type: replace, path: /a/b, value: 2}", file: "o.yml" }],
	});
	expect(value).toEqual({ a: { b: 2 }, c: { b: 1 } });
});

test("what an ops file put in is placed in that ops file", () => {
	const { place } = patch("# here\n- {type: replace, path: '/map/new?', value: {deep: 1}}\n");
	expect(place("/map/new/deep")).toMatchObject({ file: "ops-0.yml", line: 2 });
	expect(place("/map/a")).toMatchObject({ file: "m.yml", line: 1 });
});

test("ops on an empty manifest fail, even optional ones", () => {
	const { problems } = interpolateManifest({
		manifest: { text: "", file: "m.yml" },
		ops: [{ text: "- {type: replace, path: '/a?', value: 1}", file: "o.yml" }],
	});
	expect(problems[0]?.message).toContain("but null stands there");
});

test.each([
	["a star is no wildcard", "/ig/*/v", /a map was expected|list/],
	["two items match", "/ig/name=a/v", /2/],
	["an index past the end", "/ig/5", /5.*2|2.*5/s],
])("%s: where many items could be meant, none is changed", (_, path, told) => {
	const ops = { text: `- {type: replace, path: ${path}, value: 3}\n`, file: "ops.yml" };
	const manifest = { text: "ig: [{name: a, v: 1}, {name: a, v: 2}]\n", file: "m.yml" };
	const { problems } = interpolateManifest({ manifest, ops: [ops] });
	expect(problems.map(({ place }) => place?.file)).toEqual(["ops.yml"]);
	expect(problems[0]?.message).toMatch(told);
});

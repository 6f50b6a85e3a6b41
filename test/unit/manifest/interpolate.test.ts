import { expect, test } from "vitest";
import { interpolateManifest, printInterpolated } from "../../../src/manifest/interpolate-manifest.ts";
import type { VariableTexts } from "../../../src/manifest/sources.ts";

function int(text: string, variables: VariableTexts | Readonly<Record<string, string>> = {}, more = {}) {
	const known = ["environment", "varsFiles", "varFiles", "vars"];
	const texts = Object.keys(variables).every((key) => known.includes(key))
		? variables
		: { vars: Object.entries(variables) };
	return interpolateManifest({ manifest: { text, file: "m.yml" }, variables: texts, ...more });
}

test.each([
	[
		"alone, a value keeps its type",
		"a: [((v)), (( v )), ((!v))]",
		{ v: "{x: 1}" },
		{ a: [{ x: 1 }, { x: 1 }, { x: 1 }] },
	],
	["a decimal stays one", "bare: ((ver))", { ver: "60.2" }, { bare: 60.2 }],
	["a whole number goes into a text", 'u: "x?v=((ver))"', { ver: "60" }, { u: "x?v=60" }],
	["so does a quoted decimal", 'u: "x?v=((ver))"', { ver: '"60.2"' }, { u: "x?v=60.2" }],
	["spaces inside a longer text are left alone", "a: x(( v ))y", { v: "1" }, { a: "x(( v ))y" }],
	[
		"names are replaced one after another",
		"a: ((v))-((w))\nb: ((w))-((v))",
		{ v: "((w))", w: "2" },
		{ a: "2-2", b: "2-((w))" },
	],
	["a value alone is not followed", "v: ((a))", { a: "((b))", b: "9" }, { v: "((b))" }],
	["keys too", "((k)): 1\nx-((n))-y: 2", { k: "zz", n: "3" }, { zz: 1, "x-3-y": 2 }],
	["anchors and merge keys", "a: &x {p: ((q))}\nc: {<<: *x, r: 1}", { q: "7" }, { a: { p: 7 }, c: { p: 7, r: 1 } }],
	[
		"dots walk into maps and lists",
		"a: [((v.b.c)), ((v.l.0)), ((v.l.-1))]",
		{ v: "{b: {c: 1}, l: [2, 3]}" },
		{ a: [1, 2, 3] },
	],
	[
		"absolute and other names",
		"a: ((/abs/x))\nb: ((비밀))\nc: ((a/b-c_d))",
		{ "/abs/x": "1", 비밀: "2" },
		{ a: 1, b: 2, c: "((a/b-c_d))" },
	],
	["what has no value stays", "a: ((x))\nb: y((x))", {}, { a: "((x))", b: "y((x))" }],
	["$ in a value is nothing special", "a: x((v))", { v: "$&$1" }, { a: "x$&$1" }],
])("%s", (_, text, vars, value) => {
	const result = int(text, vars as Record<string, string>);
	expect(result.problems).toEqual([]);
	expect(result.value).toEqual(value);
});

test.each([
	["60.2", "a decimal number", "-v 'ver=\"…\"'"],
	["true", "a boolean", "-v 'ver=\"…\"'"],
	["{a: 1}", "a map", "only texts and whole numbers"],
	["~", "null", "only texts and whole numbers"],
])("%s can't be put inside a text", (given, kind, hint) => {
	expect(int('url: "x?v=((ver))"\nbare: ((ver))\n', { ver: given }).problems).toEqual([
		{
			severity: "error",
			code: "variable-type",
			message: `((ver)) is ${kind}, which can't be put inside a text`,
			place: { file: "m.yml", line: 1, column: 6, path: "/url" },
			hint: expect.stringContaining(hint),
		},
	]);
});

test("a part that a given value lacks is an error, a variable that is not given is none", () => {
	expect(int("a: ((v.q))", { v: "{r: 1}" }).problems[0]?.message).toBe(
		'((v.q)): the variable "v" has a value, but not this part of it: no key "q" at "/q"; keys there: "r"',
	);
	expect(int("a: ((v.q))").value).toEqual({ a: "((v.q))" });
});

test("-v and --vars-env are YAML, but a text stays as it stands; --var-file is text; names in a vars file stay as written", () => {
	const vars = ["b=yes", "o=010", "f=08", "l=[a, b]", 'e=""', "c=a # b", "n=x\ny", "q='z'"].map(
		(v) => v.split("=", 2) as [string, string],
	);
	const { value } = int("{b: ((b)), o: ((o)), f: ((f)), l: ((l)), e: ((e)), c: ((c)), x: ((n)), q: ((q))}", { vars });
	expect(value).toEqual({ b: true, o: 8, f: 8, l: ["a", "b"], e: "", c: "a # b", x: "x\ny", q: "z" });
	expect(int("a: ((f))", { varFiles: [["f", "1\n"]] }).value).toEqual({ a: "1\n" });
	expect(int("a: ((n))\nb: ((y))", { varsFiles: [{ text: "n: 5\ny: 6\n", file: "v.yml" }] }).value).toEqual({
		a: 5,
		b: 6,
	});
});

test("--vars-env gives way to -l, that to --var-file, that to -v; inside a kind the later counts", () => {
	const { value } = int("[((a)), ((b)), ((c)), ((d))]", {
		environment: [
			["a", "env"],
			["b", "env"],
			["c", "env"],
			["d", "env"],
		],
		varsFiles: [
			{ text: "{b: first, c: first, d: first}", file: "1" },
			{ text: "{b: second}", file: "2" },
		],
		varFiles: [
			["c", "file"],
			["d", "file"],
		],
		vars: [
			["d", "x"],
			["d", "arg"],
		],
	});
	expect(value).toEqual(["env", "second", "file", "arg"]);
});

test("-v a.b sets a part of a", () => {
	expect(int("a: ((a))", { "a.b.c": "1", a: "{x: 2}" }).value).toEqual({ a: { x: 2, b: { c: 1 } } });
	expect(int("a: 1", { "a.b": "1", a: "text" }).problems[0]?.message).toContain('"a.b" can\'t be set');
});

test("bad sources are told all at once", () => {
	const { problems } = int(
		"a: [",
		{
			vars: [
				["v", ""],
				["w", "[1"],
			],
			varsFiles: [{ text: "- x", file: "v.yml" }],
		},
		{
			ops: [{ text: "a: b: c", file: "o.yml" }],
		},
	);
	expect(problems.map(({ code, place }) => `${place?.file} ${code}`)).toEqual([
		"m.yml yaml-syntax",
		"o.yml yaml-syntax",
		"v.yml vars-file",
		"-v v empty-variable",
		"-v w yaml-syntax",
	]);
});

const definitions = (...items: readonly string[]) => `variables:\n${items.map((item) => `- ${item}\n`).join("")}`;

test("a definition disappears once its value is given", () => {
	expect(int(`p: ((p))\n${definitions("{name: p, type: password}")}`, { p: "x" }).value).toEqual({
		p: "x",
		variables: [],
	});
});

test("a value is not used if the options of its definition name a variable without one", () => {
	const text = `p: ((p))\n${definitions("{name: p, type: certificate, options: {common_name: ((domain))}}")}`;
	expect(int(text, { p: "x" }).value).toMatchObject({ p: "((p))", variables: [{ name: "p" }] });
	expect(int(text, { p: "x", domain: "d" }).value).toEqual({ p: "x", variables: [] });
});

test("a ring between options is an error even if nothing uses it", () => {
	const ring = definitions("{name: p, options: {a: ((q))}}", "{name: q, options: {a: ((p))}}");
	expect(int(ring).problems.map(({ message, place }) => [message, place?.line])).toEqual([
		["the options of variables lead in a ring: p → q → p", 2],
	]);
});

test("the same definition twice is an error once its value is given", () => {
	const twice = definitions("{name: p, type: password}", "{name: p, type: password}");
	expect(int(twice).problems).toEqual([]);
	expect(int(twice, { p: "1" }).problems.map(({ message, place }) => [message, place?.line])).toEqual([
		['the variable "p" is defined twice', 3],
	]);
});

test("--var-errs lists every variable without a value, with each place", () => {
	const text = "gateway: ((gw))\nhost: a((host.x))\nmore: [((gw))]\n";
	expect(int(text).problems).toEqual([]);
	expect(int(text, {}, { varErrs: true }).problems.map(({ message, place }) => [message, place?.line])).toEqual([
		['the variable "gw" has no value (used at m.yml:1:/gateway, m.yml:3:/more/0)', 1],
		['the variable "host" has no value', 2],
	]);
});

test("--var-errs-unused lists what nothing uses, a part counting as the whole", () => {
	const { problems } = int("a: ((u.x))", { u: "{x: 1}", z: "1", b: "2" }, { varErrsUnused: true });
	expect(problems.map(({ message }) => message)).toEqual([
		'the variable "b" was given, but nothing uses it',
		'the variable "z" was given, but nothing uses it',
	]);
});

test("a version that lost its zero is warned about where it was written", () => {
	const text =
		"stemcells: [{alias: j, version: 1.360}, {alias: k, version: 1.10}, {alias: l, version: ((v))}, {alias: m, version: 1.5}]";
	const { value, warnings } = int(text, { varsFiles: [{ text: "# jammy\nv: 1.20\n", file: "vars.yml" }] });
	expect((value as { stemcells: { version: number }[] }).stemcells.map(({ version }) => version)).toEqual([
		1.36, 1.1, 1.2, 1.5,
	]);
	expect(warnings).toMatchObject([
		{
			message: "the version is written 1.360, without quotes, and is read as the number 1.36",
			place: { file: "m.yml", line: 1, column: 33 },
			hint: 'write "1.360" in quotes',
		},
		{ hint: 'write "1.10" in quotes' },
		{ hint: 'write "1.20" in quotes', place: { file: "vars.yml", line: 2 } },
	]);
});

test.each([
	["", "a: 1\nb:\n- {x: w}\n", "a: 1\nb:\n- x: w\n"],
	["/b/0/x", "b: [{x: w}]", "w\n"],
	["/a", 'a: "two\\nlines\\n"', "two\nlines\n\n"],
	["/none?", "a: 1", "null\n"],
	["/l/name=zz?", "l: []", "name: zz\n"],
])("--path %j", (path, text, printed) => {
	expect(printInterpolated(int(text), path)).toBe(printed);
});

test("--path that leads nowhere says which part fails", () => {
	expect(() => printInterpolated(int("a: {bc: 1}"), "/a/bd")).toThrow(
		'--path /a/bd: no key "bd" at "/a/bd"; keys there: "bc"',
	);
});

test("errors never show a value", () => {
	const secret = "s3cr3t-value";
	const given = { v: secret, w: `[${secret}]`, n: "31337.5" };
	const { problems } = int("a: ((v.x))\nb: x((w))\nc: x((n))", given);
	expect(problems).toHaveLength(3);
	const broken = [`{p: ${secret}?}`, `a: 1\n  "${secret}": 2`, `- a\n"${secret}": 1`, `a: "${secret}`].flatMap(
		(text) => int(text).problems,
	);
	expect(broken).toHaveLength(4);
	expect(JSON.stringify([problems, broken])).not.toMatch(/s3cr3t|31337/);
});

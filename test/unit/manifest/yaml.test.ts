import { expect, test } from "vitest";
import { UserError } from "../../../src/errors.ts";
import { parseYaml } from "../../../src/manifest/yaml.ts";

const read = (text: string) => parseYaml(text, "m.yml");

function syntaxProblem(text: string) {
	try {
		read(text);
	} catch (error) {
		return (error as UserError).problems[0];
	}
	return expect.fail("the text was accepted");
}

test.each([
	["[y, Y, yes, On, TRUE, yEs]", [true, true, true, true, true, "yEs"]],
	["[n, no, Off, FALSE, nUll, ~, NULL, '']", [false, false, false, false, "nUll", null, null, ""]],
	["[10_240, 1_, -_1, 50_000]", [10240, 1, -1, 50000]],
	["[0755, 010, 0o17, 0b101, -0b101, 0x_1F, +12]", [493, 8, 15, 5, -5, 31, 12]],
	["[08, 1.0, 1., 1e3, .5, 60.2]", [8, 1, 1, 1000, 0.5, 60.2]],
	["[12:30:45, 1:2, 2024-01-01, 1e400]", ["12:30:45", "1:2", "2024-01-01", "1e400"]],
	["{y: 1, 5: a}", { true: 1, "5": "a" }],
	["", null],
	["# nothing\n", null],
	["a: 1\t# a tab before a comment\n", { a: 1 }],
	["a: !binary aGk=\nb: !!binary aGk=\nc: !other 5\nd: !!str 5\n", { a: "aGk=", b: "hi", c: "5", d: "5" }],
	[
		"x: &x {c: 1, d: 2}\nw: {c: 4, <<: *x}\nz: {<<: *x, c: 4}",
		{ x: { c: 1, d: 2 }, w: { c: 1, d: 2 }, z: { c: 4, d: 2 } },
	],
	["x: &x {c: 1}\nv: {<<: [*x, {c: 7, e: 8}]}\nw: {'<<': 1}", { x: { c: 1 }, v: { c: 1, e: 8 }, w: { "<<": 1 } }],
	["a: |\n  x\n  y", { a: "x\ny" }],
	["a: |\n  x\n  y\n", { a: "x\ny\n" }],
	["a: |+\n  x\n\n  ", { a: "x\n\n" }],
	["a: >\n  x\n  y\n\nb: |\n  z", { a: "x y\n", b: "z" }],
	["__proto__: {a: 1}", JSON.parse('{"__proto__": {"a": 1}}')],
])("%j is read as BOSH reads it", (text, value) => {
	expect(read(text).value).toEqual(value);
});

test("the last of two equal keys counts, and the warning stands at it", () => {
	const { value, warnings } = read("a: 1\nb: 2\na: {c: 3}\n");
	expect(value).toEqual({ a: { c: 3 }, b: 2 });
	expect(warnings).toEqual([
		{
			severity: "warning",
			code: "duplicate-key",
			message: 'the key "a" stands here again: the last one counts, as in BOSH',
			place: { file: "m.yml", line: 3, column: 1 },
			hint: "the first is at line 1: remove one of them",
		},
	]);
});

test("a second document is ignored even if it is broken, with a warning at it", () => {
	const { value, warnings } = read("a: 1\n---\nb: [\n");
	expect(value).toEqual({ a: 1 });
	expect(warnings.map(({ code, place }) => [code, place?.line])).toEqual([["second-document", 2]]);
});

test("a key path leads to the line where it was written, or to the nearest thing above", () => {
	const { place } = read("releases:\n- name: a\n  version: 1\n- {name: b/c, d/e: 1}\n");
	expect(place("/releases/0/version")).toEqual({ file: "m.yml", line: 3, column: 3, path: "/releases/0/version" });
	expect(place("/releases/1/d~1e")).toMatchObject({ line: 4, column: 15 });
	expect(place("/releases/1/none/x")).toMatchObject({ line: 4, column: 3 });
	expect(place("")).toMatchObject({ line: 1, column: 1 });
});

test.each([
	["a: [1, 2\nb: 3\n", 2, 1, "indent these lines"],
	["a: b: c\n", 1, 4, 'put a value that contains ": " in quotes'],
	["a:\n\tb: 1\n", 2, 1, "replace the tab by spaces"],
	['a: "x\n', 1, 4, "close it where the value ends"],
	["a: 1\nb: [{c: 'x\n\nd: 1\n", 2, 9, "close it where the value ends"],
	['a: "x\nb: "y"\n', 1, 4, "close it where the value ends"],
	['"a: x\nb: y\n', 1, 1, "close it where the value ends"],
	['a: "x" "y\n', 1, 8, "check the indentation"],
	["a: @x\n", 1, 4, "put the value in quotes"],
	["- a\nb: 1\n", 2, 1, "check the indentation"],
	["a: *x\n", 1, 4, "put the value here in full"],
	["a: &x [*x]\n", 1, 8, "put the value here in full"],
	["? [a]\n: 1\n", 1, 3, "put the key in quotes"],
	["a: {<<: 1}\n", 1, 5, "name an anchor of a map"],
	["{type: replace, path: /a?, value: 1}\n", 1, 23, "put it in quotes"],
	['a: "x\\/y"\n', 1, 4, "write / alone"],
	["%YAML 1.2\n---\na: 1\n", 1, 1, "remove the %YAML line"],
])("%j is refused with its place and what to do", (text, line, column, hint) => {
	expect(syntaxProblem(text)).toMatchObject({
		place: { file: "m.yml", line, column },
		hint: expect.stringContaining(hint),
	});
});

test("an error of syntax says what was expected", () => {
	expect(syntaxProblem("a:\n\tb: 1\n")?.message).toBe(
		"this is no YAML: tabs are not allowed as indentation; expected spaces, not a tab, before the first word of a line",
	);
});

test("aliases that multiply without end are refused", () => {
	const level = (name: string, of: string) => `${name}: &${name} [${Array(9).fill(`*${of}`).join(", ")}]\n`;
	const text = `a: &a [x, x, x, x, x, x, x, x, x]\n${["ab", "bc", "cd", "de", "ef", "fg"].map(([of = "", name = ""]) => level(name, of)).join("")}`;
	expect(() => read(text)).toThrow(UserError);
	expect(syntaxProblem(text)?.message).toContain("aliases blow this file up");
});

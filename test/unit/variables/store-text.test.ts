import fc from "fast-check";
import { expect, test } from "vitest";
import type { Value } from "../../../src/manifest/deployment.ts";
import { parseYaml } from "../../../src/manifest/yaml.ts";
import { withValues } from "../../../src/variables/store-text.ts";

const put = (text: string, made: Readonly<Record<string, Value>>) => withValues(text, new Map(Object.entries(made)));

test.each<[string, string, Readonly<Record<string, Value>>, string]>([
	["an empty file", "", { a: "x" }, "a: x\n"],
	["a new name comes last", "b: 1 # mine\n", { a: "x" }, "b: 1 # mine\na: x\n"],
	["without a last newline", "b: 1", { a: "x" }, "b: 1\na: x\n"],
	[
		"what is not touched stays to the letter, numbers and comments too",
		"---\n# head\nv: 1.10\n\npw:   old   \nz: 0x1F\n",
		{ pw: "new", more: "m" },
		"---\n# head\nv: 1.10\n\npw: new\nz: 0x1F\nmore: m\n",
	],
	[
		"a key and certificate in place of another",
		"c:\n  private_key: |\n    old\n    key\n  certificate: x\nz: 1\n",
		{ c: { certificate: "A\nB\n" } },
		"c:\n  certificate: |\n    A\n    B\nz: 1\n",
	],
	["at the end, without a newline", "a: 1\nc: |\n  old", { c: "new" }, "a: 1\nc: new\n"],
	["braces are written anew", "{b: 1}\n", { a: "x" }, "b: 1\na: x\n"],
	["and so is an anchor that would be lost", "a: &x {k: 1}\nb: *x\n", { a: "new" }, "a: new\nb:\n  k: 1\n"],
	["a document's end", "a: 1\n...\n", { b: "2" }, 'a: 1\nb: "2"\n'],
])("%s", (_, text, made, expected) => {
	expect(put(text, made)).toBe(expected);
});

test("whatever stood there and whatever is put, the text reads as the old data with the new values", () => {
	const name = fc.constantFrom("a", "b", "c d", "e: f", "#g", "n", "5", "h");
	const value = fc.oneof(
		fc.string(),
		fc.constantFrom("x\ny\n", "\n", "y", "1.0", "a: b", "&a", "-----BEGIN-----\nabc\n-----END-----\n"),
		fc.dictionary(fc.constantFrom("private_key", "ca"), fc.string()),
	);
	const data = fc.dictionary(name, value, { maxKeys: 6 }).map((entries) => ({ ...entries }));
	fc.assert(
		fc.property(data, data, (old, made) => {
			const text = put("", old as Record<string, Value>);
			expect(parseYaml(text, "").value).toEqual(Object.keys(old).length === 0 ? {} : old);
			const both = parseYaml(put(text, made as Record<string, Value>), "").value;
			expect(both).toEqual({ ...old, ...made });
			expect(Object.keys(both as object)).toEqual(Object.keys({ ...old, ...made }));
		}),
	);
});

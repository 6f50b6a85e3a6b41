import fc from "fast-check";
import { expect, test } from "vitest";
import type { Value } from "../../../src/manifest/deployment.ts";
import { formatNode, formatYaml } from "../../../src/manifest/format.ts";
import { parseNode, parseYaml } from "../../../src/manifest/yaml.ts";

test("a manifest reads as people write it", () => {
	const value: Value = {
		name: "ap",
		groups: [{ name: "db", azs: ["z1"], jobs: [{ name: "pg", properties: {} }] }, [], ["a", ["b"]]],
		key: "-----BEGIN\nabc\n-----END\n",
		odd: ["yes", "10_240", "1.10", "12:30", "2024-01-01", "", " x", "a: b", "((v))", "x?v=((v))", "~", "é"],
	};
	expect(formatYaml(value)).toBe(`name: ap
groups:
- name: db
  azs:
  - z1
  jobs:
  - name: pg
    properties: {}
- []
- - a
  - - b
key: |
  -----BEGIN
  abc
  -----END
odd:
- "yes"
- "10_240"
- "1.10"
- "12:30"
- "2024-01-01"
- ""
- " x"
- "a: b"
- ((v))
- "x?v=((v))"
- "~"
- é
`);
});

test.each([
	["1000000.0", "1e+06"],
	["1.0", "1"],
	["0.00001", "1e-05"],
	["123456.7", "123456.7"],
	["18446744073709551616", "1.8446744073709552e+19"],
	["18446744073709551615", "18446744073709551615"],
	["-.inf", "-.inf"],
])("the number %s is printed %s, as BOSH prints it", (text, printed) => {
	expect(formatNode(parseNode(text, "m.yml").node)).toBe(`${printed}\n`);
});

const text = fc.oneof(
	fc.string({ unit: "grapheme" }),
	fc.string({ unit: fc.constantFrom("\n", " ", "a", ":", "-", "#", "\t", "'", '"', "0", ".", "\u0085", "\u2028") }),
);

test("whatever is printed is read back as the same data", () => {
	const { value } = fc.letrec<{ value: Value }>((tie) => ({
		value: fc.oneof(
			{ maxDepth: 4 },
			fc.constant(null),
			fc.boolean(),
			fc.integer(),
			fc.double({ noNaN: true }).filter((number) => !Object.is(number, -0)),
			text,
			fc.array(tie("value"), { maxLength: 4 }),
			fc.dictionary(text, tie("value"), { maxKeys: 4 }),
		),
	}));
	fc.assert(
		fc.property(value, (data) => {
			expect(JSON.stringify(parseYaml(formatYaml(data), "m.yml").value)).toBe(JSON.stringify(data));
		}),
		{ numRuns: 2000 },
	);
});

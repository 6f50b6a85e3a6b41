import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../../..");
const rows = readFileSync(join(root, "docs/field-cases.md"), "utf8")
	.split("\n")
	.filter((line) => /^\| [A-Z]{2}\d/.test(line))
	.map((line) => line.split("|").map((cell) => cell.trim()));

test.each(rows.map(([, id = "", , , tests = ""]) => [id, tests] as const))(
	"the tests that docs/field-cases.md names for %s exist",
	(_, tests) => {
		const named = tests.split("<br>").map((each) => /^`([^`]+)`: "(.+)"$/.exec(each) ?? []);
		expect(named).not.toEqual([]);
		for (const [, path = "none", title = "none"] of named)
			expect(readFileSync(join(root, "test", path), "utf8")).toContain(title);
	},
);

test("docs/field-cases.md names each case once, in order", () => {
	const ids = rows.map(([, id]) => id);
	expect(ids.length).toBeGreaterThan(10);
	expect(ids).toEqual([...new Set(ids)].sort());
});

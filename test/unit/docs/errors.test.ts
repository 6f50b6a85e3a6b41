import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { afterAll, expect, test } from "vitest";
import { formatProblem } from "../../../src/cli/view/problems.ts";
import { createRubyRenderer } from "../../../src/template/ruby/renderer.ts";
import { type ErrorCase, type ErrorCases, files, SECRET } from "../../support/error-cases.ts";
import { interpolationCases } from "../../support/error-cases-interpolation.ts";
import { manifestCases } from "../../support/error-cases-manifest.ts";
import { planCases } from "../../support/error-cases-plan.ts";
import { templateCases } from "../../support/error-cases-templates.ts";
import { variableCases } from "../../support/error-cases-variables.ts";

const root = join(import.meta.dirname, "../../..");
const renderer = createRubyRenderer();
afterAll(() => renderer.close());

const chapters: readonly (readonly [title: string, cases: ErrorCases])[] = [
	["Manifests, runtime configs and cloud files", manifestCases],
	["YAML, ops files and given variables", interpolationCases],
	["Placement, links, releases and plans", planCases],
	["Generated variables, keys and vars stores", variableCases],
	["Templates", templateCases(renderer)],
];
const codes = chapters.flatMap(([, cases]) => Object.keys(cases));

const HEAD = `# Errors and warnings

<!-- Written by test/unit/docs/errors.test.ts (vitest -u). Don't edit. -->

Whatever davit finds wrong has a code, a name that stays the same when words change. \`--json\` shows it, with the rest in parts:

    {"type":"problem","problem":{"severity":"error","code":"unknown-vm-type","message":…,"place":{"file":…,"line":…,"column":…,"path":…},"hint":…}}

An error ends the command, and all that can be found at once are told together; a warning ends nothing.
Below is what davit prints for a small wrong input of each code: \`shop.yml\` is its manifest, \`cloud.yml\` its cloud file. First comes where it
stands (file, line, column), then what is wrong, in brackets the key path, and behind the arrow what to do. Not here: what a cloud, a VM or
the archive of a release makes go wrong.
`;

test("docs/errors.md shows what davit prints for each code", { timeout: 180_000 }, async () => {
	const parts: string[] = [];
	for (const [title, cases] of chapters) {
		const sections: string[] = [];
		for (const code of Object.keys(cases).sort()) sections.push(await section(code, cases[code] ?? []));
		parts.push(`## ${title}\n\n${sections.join("\n")}`);
	}
	expect(parts.join("")).not.toContain(SECRET);
	await expect(`${HEAD}\n${parts.join("\n")}`).toMatchFileSnapshot(join(root, "docs/errors.md"));
});

async function section(code: string, cases: readonly ErrorCase[]): Promise<string> {
	const blocks: string[] = [];
	for (const told of cases) {
		const problems = await told();
		expect([...new Set(problems.map((problem) => problem.code))], `what is told of a case of ${code}`).toEqual([code]);
		expect(
			problems.filter(({ hint }) => !hint),
			"each says what to do",
		).toEqual([]);
		blocks.push(`\`\`\`text\n${problems.map(formatProblem).join("\n")}\n\`\`\`\n`);
	}
	return `### ${code}\n\n${blocks.join("\n")}`;
}

test("nothing is wrong with what the cases start from", async () => {
	expect(await files({})()).toEqual([]);
});

const FOLDERS = ["manifest", "plan", "variables", "template"];
const sources = FOLDERS.flatMap((folder) =>
	readdirSync(join(root, "src", folder), { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile())
		.map((entry) => relative(root, join(entry.parentPath, entry.name))),
).map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));

/** Where a code is a literal: behind the name of a function that takes it first, as `code`, or in the table of unknown names. */
const CODES = [
	/(?:\b(?:problem|warning|error|warn|say|refused?)|\])\(\s*"([a-z0-9-]+)"/g,
	/\bcode\s*[:=][^,;\n"]*"([a-z0-9-]+)"(?:\s*:\s*"([a-z0-9-]+)")?/g,
	/"(unknown-[a-z-]+)"/g,
];

test("each code of the sources has a case, and each case a code of the sources", () => {
	const found = sources.flatMap(({ text }) =>
		CODES.flatMap((pattern) => [...text.matchAll(pattern)].flatMap(([, ...groups]) => groups)),
	);
	const known = [...new Set(found.filter((code) => code !== undefined))].sort();
	expect(known.length).toBeGreaterThan(100);
	expect([...codes].sort()).toEqual(known);
});

test("a code is no literal only where the patterns above know where it comes from", () => {
	const indirect = /(?:\b(?:problem|warning|make)|\.(?:error|warn)|\])\((?!\s*")(?=\s*\w[\w[\]]*,)/;
	expect(sources.filter(({ text }) => indirect.test(text)).map(({ path }) => path)).toEqual([
		"src/manifest/check-cloud.ts",
		"src/manifest/check-static-ip.ts",
		"src/manifest/check.ts",
		"src/manifest/report.ts",
		"src/plan/saved-plan.ts",
		"src/variables/sealed-store.ts",
		"src/template/ruby/problems.ts",
	]);
});

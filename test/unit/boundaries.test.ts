import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** What the linter says of one file in a tree that has the project's own rules. */
function lint(file: string, source: string): string {
	const folder = mkdtempSync(join(tmpdir(), "davit-boundaries-"));
	try {
		const rules = JSON.parse(readFileSync(join(root, "biome.json"), "utf8"));
		writeFileSync(join(folder, "biome.json"), JSON.stringify({ ...rules, vcs: { enabled: false } }));
		mkdirSync(join(folder, dirname(file)), { recursive: true });
		writeFileSync(join(folder, file), source);
		const { stdout, stderr } = spawnSync(join(root, "node_modules/.bin/biome"), ["lint", "--colors=off", file], {
			cwd: folder,
			encoding: "utf8",
		});
		return stdout + stderr;
	} finally {
		rmSync(folder, { recursive: true });
	}
}

test.each([
	["src/plan/x.ts", 'import { readFile } from "node:fs/promises";\nreadFile("x");\n'],
	["src/plan/x.ts", 'const { readFile } = await import("node:fs");\nreadFile("x", () => {});\n'],
	["src/plan/x.ts", 'import { applyPlan } from "../apply/apply.ts";\napplyPlan();\n'],
	["src/machine/deep/x.ts", "export const now = Date.now();\n"],
	["src/template/x.ts", 'export const page = fetch("http://x");\n'],
	["src/apply/x.ts", 'import { command } from "../cli/commands/int.ts";\ncommand.run();\n'],
	["src/cli/view/x.ts", 'import { applyPlan } from "../../apply/apply.ts";\napplyPlan();\n'],
	["src/state/x.ts", 'import type { Plan } from "../plan/step.ts";\nexport type P = Plan;\n'],
	["src/cli/x.ts", 'const local = await import("../../cpis/local/index.ts");\nlocal.default();\n'],
	["cpis/local/x.ts", 'import { UserError } from "../../src/errors.ts";\nexport const e = UserError;\n'],
])("%s may not hold %j", (file, source) => {
	expect(lint(file, source)).toMatch(/lint\/style\/noRestricted(Imports|Globals)/);
});

test.each([
	["src/plan/x.ts", 'import { digestOf } from "../digest.ts";\nexport const d = digestOf(1);\n'],
	["src/cli/view/x.ts", 'import type { DavitEvent } from "../../events.ts";\nexport type E = DavitEvent;\n'],
	["cpis/local/x.ts", 'import { CpiError } from "../../src/cpi/errors.ts";\nexport const e = CpiError;\n'],
	["src/cpi/registry.ts", 'export const local = () => import("../../cpis/local/index.ts");\n'],
])("%s may hold %j", (file, source) => {
	expect(lint(file, source)).not.toMatch(/noRestricted/);
});

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { Reporter, TestModule, TestSpecification, Vitest } from "vitest/node";

const root = join(import.meta.dirname, "../..");
const PAGE = join(root, "docs/guests.md");
const STATES = ["passed", "failed", "skipped"] as const;

/** What the page says of one file of tests: its line of the table, and those of the list below it. */
interface Entry {
	readonly row: string;
	readonly names: readonly string[];
}

/**
 * Writes docs/guests.md after a run of the tests that boot guests and take too long for every push. A run of some files renews what is said of
 * those, each with its own commit; one of single tests writes nothing.
 */
export default class GuestsPage implements Reporter {
	#vitest: Vitest | undefined;
	#files: readonly string[] = [];
	#seen = "";

	onInit(vitest: Vitest): void {
		this.#vitest = vitest;
		const git = (...args: readonly string[]) => execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
		// The page itself changes from run to run.
		const changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs/guests.md") !== "";
		const commit = `${git("rev-parse", "--short=12", "HEAD")}${changed ? " (changed)" : ""}`;
		this.#seen = `${new Date().toISOString().slice(0, 10)}, ${commit}`;
	}

	async onTestRunStart(_: readonly TestSpecification[]): Promise<void> {
		const all = (await this.#vitest?.globTestSpecifications()) ?? [];
		this.#files = all.map(({ moduleId }) => relative(root, moduleId)).sort();
	}

	onTestRunEnd(modules: readonly TestModule[]): void {
		if (this.#vitest?.config.testNamePattern !== undefined) return;
		const entries = new Map(readEntries(existsSync(PAGE) ? readFileSync(PAGE, "utf8") : ""));
		for (const module of modules) entries.set(module.relativeModuleId, entryOf(module, this.#seen));
		writeFileSync(PAGE, page(this.#files, entries));
	}
}

const line = (cells: readonly (string | number)[]) => `| ${cells.join(" | ")} |`;

function entryOf(module: TestModule, seen: string): Entry {
	const file = module.relativeModuleId;
	const tests = [...module.children.allTests()];
	const of = (state: (typeof STATES)[number]) => tests.filter((test) => test.result().state === state);
	const early = module.errors().length > 0 ? " (ended early)" : "";
	const minutes = (module.diagnostic().duration / 60_000).toFixed(1);
	const names = (["failed", "skipped"] as const).flatMap((state) =>
		of(state).map((test) => `- ${state}: ${file} > ${test.fullName}`),
	);
	return { row: line([`${file}${early}`, ...STATES.map((state) => of(state).length), minutes, seen]), names };
}

function readEntries(text: string): readonly (readonly [string, Entry])[] {
	const lines = text.split("\n");
	return lines.flatMap((row) => {
		const file = /^\| (test\/\S+)(?: \(ended early\))? \|(?:[^|]*\|){5}$/.exec(row)?.[1];
		if (file === undefined) return [];
		return [[file, { row, names: lines.filter((name) => name.includes(`: ${file} > `)) }] as const];
	});
}

function page(files: readonly string[], entries: ReadonlyMap<string, Entry>): string {
	const there = files.flatMap((file) => entries.get(file) ?? []);
	const missing = files.filter((file) => !entries.has(file)).map((file) => `- not run yet: ${file}`);
	return `# Tests on guests

Written by \`npm run test:guests-more\`; each line says when and at which commit its file was last run. These boot guests too, but take too long
for every push; \`npm run test:guests\` runs the others.

${[
	line(["file", ...STATES, "minutes", "seen"]),
	line(["---", ...STATES.map(() => "--:"), "--:", "---"]),
	...there.map(({ row }) => row),
].join("\n")}
${[...there.flatMap(({ names }) => names), ...missing].map((name) => `\n${name}`).join("")}
`;
}

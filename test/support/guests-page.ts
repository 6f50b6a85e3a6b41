import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Reporter, TestModule, TestSpecification, Vitest } from "vitest/node";

const root = join(import.meta.dirname, "../..");
const STATES = ["passed", "failed", "skipped"] as const;

/** Writes docs/guests.md after a run of the tests that boot guests and take too long for every push. A run of some of them writes nothing. */
export default class GuestsPage implements Reporter {
	#vitest: Vitest | undefined;
	#whole = false;
	#commit = "";

	onInit(vitest: Vitest): void {
		this.#vitest = vitest;
		const git = (...args: readonly string[]) => execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
		const changed = git("status", "--porcelain", "--untracked-files=no") !== "";
		this.#commit = `${git("rev-parse", "--short=12", "HEAD")}${changed ? ", with changes that are in no commit" : ""}`;
	}

	async onTestRunStart(specifications: readonly TestSpecification[]): Promise<void> {
		const all = (await this.#vitest?.globTestSpecifications()) ?? [];
		this.#whole = specifications.length === all.length && this.#vitest?.config.testNamePattern === undefined;
	}

	onTestRunEnd(modules: readonly TestModule[]): void {
		if (this.#whole) writeFileSync(join(root, "docs/guests.md"), page(modules, this.#commit));
	}
}

function page(modules: readonly TestModule[], commit: string): string {
	const rows = modules
		.map((module) => ({
			file: module.relativeModuleId,
			tests: [...module.children.allTests()],
			minutes: module.diagnostic().duration / 60_000,
			crashed: module.errors().length > 0,
		}))
		.sort((a, b) => (a.file < b.file ? -1 : 1));
	const all = rows.flatMap(({ tests }) => tests);
	const count = (tests: typeof all) =>
		STATES.map((state) => tests.filter((test) => test.result().state === state).length);
	const line = (cells: readonly (string | number)[]) => `| ${cells.join(" | ")} |`;
	const names = (state: (typeof STATES)[number]) =>
		all.filter((test) => test.result().state === state).map((test) => `- ${state}: ${test.fullName}`);
	return `# Tests on guests

Written by \`npm run test:guests-more\`, on ${new Date().toISOString().slice(0, 10)} at commit ${commit}. These boot guests too, but take too long for
every push; \`npm run test:guests\` runs the others.

${[
	line(["file", ...STATES, "minutes"]),
	line(["---", ...STATES.map(() => "--:"), "--:"]),
	...rows.map(({ file, tests, minutes, crashed }) =>
		line([`${file}${crashed ? " (ended early)" : ""}`, ...count(tests), minutes.toFixed(1)]),
	),
	line(["all", ...count(all), ""]),
].join("\n")}
${[...names("failed"), ...names("skipped")].map((name) => `\n${name}`).join("")}
`;
}

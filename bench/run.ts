import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { installPackage } from "../test/support/installed.ts";
import { findOnPath } from "../test/support/on-path.ts";
import { command } from "./command.ts";
import type { Row } from "./compare.ts";
import { interpolation } from "./interpolation.ts";
import { offline } from "./offline.ts";
import { planning } from "./planning.ts";
import { platform } from "./platform.ts";
import { rendering } from "./rendering.ts";
import { start } from "./start.ts";
import { table } from "./table.ts";

const checkout = join(import.meta.dirname, "..");

/** The line in which each peer says its version. */
async function versions(): Promise<string> {
	const asked = {
		bosh: "--version",
		ruby: "--version",
		terraform: "--version",
		"ansible-playbook": "--version",
		ssh: "-V",
	};
	const found = await Promise.all(
		Object.entries(asked).flatMap(([name, flag]) => {
			const path = findOnPath(name);
			return path === undefined
				? []
				: [
						command(["sh", "-c", '"$0" "$1" 2>&1', path, flag], checkout).then(
							(text) => `${name}: ${text.split("\n").find((line) => /\d\.\d|DEV/.test(line))}`,
						),
					];
		}),
	);
	return found.join("; ");
}

function git(...args: readonly string[]): string {
	return execFileSync("git", args, { cwd: checkout, encoding: "utf8" }).trim();
}

/** What the numbers were taken of, when, and on what. */
async function circumstances(load: number): Promise<string> {
	const changed =
		git("status", "--porcelain", "--untracked-files=no") === "" ? "" : ", with changes that are in no commit";
	const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
	return `${new Date().toISOString().slice(0, 10)}, commit ${git("rev-parse", "--short=12", "HEAD")}${changed}.
${cpus().length} cores (${cpus()[0]?.model.trim()}), ${memory}, a load of ${load.toFixed(1)} before the start; Node ${process.versions.node}.
Peers: ${await versions()}.`;
}

const page = (rows: readonly Row[], taken: string) => `# Performance

<!-- Written by npm run bench -- --write. Don't edit: run it again. -->

What davit takes, and what a peer takes for the same, or the nearest thing, in the same run. Both run in turn; each time is the median of
all rounds. Memory is the most that the process had resident. Times differ from machine to machine, ratios less: below 1 davit is faster. davit is the packed package, installed; planning
and rendering run from the sources, in one process.

${taken}

${table(rows)}
`;

const [load = 0] = loadavg();
const folder = mkdtempSync(join(tmpdir(), "davit-bench-"));
try {
	chmodSync(folder, 0o755);
	console.error("packing and installing davit");
	const { davit } = installPackage(folder);
	const rows: Row[] = [];
	const asked = process.argv.slice(2).filter((argument) => !argument.startsWith("-"));
	for (const [name, measure] of Object.entries({
		start: () => start(davit, folder),
		int: () => interpolation(davit, folder),
		rendering: () => rendering(folder),
		planning,
		offline: () => offline(davit, folder),
		platform: () => platform(davit),
	})) {
		if (asked.length > 0 && !asked.includes(name)) continue;
		console.error(`measuring ${name}`);
		rows.push(...(await measure()));
	}
	const taken = await circumstances(load);
	if (process.argv.includes("--write")) writeFileSync(join(checkout, "docs/performance.md"), page(rows, taken));
	console.log(`${table(rows)}\n\n${taken}`);
} finally {
	rmSync(folder, { recursive: true, force: true });
}

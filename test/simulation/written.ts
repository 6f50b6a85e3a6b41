import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");
const FILE = join(ROOT, "docs/simulation.md");
const MUTANTS = "\n## Mutants\n";

/** Writes one part of docs/simulation.md, and leaves what the other command wrote there. */
export function write(part: "faults" | "mutants", text: string): void {
	const [faults = "", mutants] = readFileSync(FILE, "utf8").split(MUTANTS);
	const kept = part === "faults" ? [text.trimEnd(), mutants] : [faults.trimEnd(), `\n${text}`];
	writeFileSync(FILE, kept[1] === undefined ? `${kept[0]}\n` : `${kept[0]}\n${MUTANTS}${kept[1]}`);
}

/** The commit that was run, and whether the files were other than it. */
export function commit(): string {
	const git = (...args: readonly string[]) => execFileSync("git", args, { encoding: "utf8", cwd: ROOT }).trim();
	if (!existsSync(join(ROOT, ".git"))) return "none";
	const changed = git("status", "--porcelain", "--untracked-files=no") !== "";
	return `${git("rev-parse", "--short=12", "HEAD")}${changed ? ", with changes that are in no commit" : ""}`;
}

import { execFileSync } from "node:child_process";

/** The date, and the commit of davit's sources; `folders` of src are those that decide the result. */
export function circumstances(folders: readonly string[]): { readonly date: string; readonly commit: string } {
	const git = (...args: readonly string[]) => execFileSync("git", args, { cwd: import.meta.dirname, encoding: "utf8" });
	const read = folders.map((name) => `../../src/${name}`);
	const changed = git("status", "--porcelain", "--untracked-files=no", "--", ...read).trim() !== "";
	const commit = git("rev-parse", "--short=12", "HEAD").trim();
	return { date: new Date().toISOString().slice(0, 10), commit: changed ? `${commit}, with changes` : commit };
}

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { GitState } from "../release/create-release.ts";

/** What git says of a folder (bosh-cli, releasedir/git_repo.go); undefined without git or outside a repository. */
export async function gitState(folder: string, signal: AbortSignal): Promise<GitState | undefined> {
	const git = async (...args: string[]): Promise<string | undefined> => {
		try {
			const { stdout } = await promisify(execFile)("git", args, { cwd: folder, signal });
			return stdout.trimEnd();
		} catch {
			signal.throwIfAborted();
			return undefined;
		}
	};
	if ((await git("rev-parse", "--git-dir")) === undefined) return undefined;
	const status = (await git("status", "--porcelain=1", "--", ".")) ?? "";
	return {
		commit: (await git("rev-parse", "--short", "HEAD")) ?? "empty",
		changes: status === "" ? [] : status.split("\n"),
	};
}

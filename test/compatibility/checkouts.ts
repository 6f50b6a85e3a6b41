import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { diskTree } from "../../src/blobs/tree.ts";
import type { Problem } from "../../src/errors.ts";
import { readFolderJobs } from "../../src/release/read-folder.ts";
import type { ReleaseJob } from "../../src/release/release.ts";
import { parseTexts, textMap } from "../../src/release/texts.ts";

/** A release's repository, checked out; its packages are not looked at, so neither sources nor blobs need be there. */
export interface Checkout {
	readonly name: string;
	/** Its tag, or the last one before it with the number of commits since. */
	readonly version: string;
	readonly commit: string;
	readonly folder: string;
	readonly jobs: readonly ReleaseJob[];
	/** What is wrong with its jobs. */
	readonly problems: readonly Problem[];
	/** Folders below `jobs/`. */
	readonly folders: number;
}

/** Every folder below the given one that has `jobs/`, by release name and version, the newest last. */
export async function readCheckouts(folder: string): Promise<readonly Checkout[]> {
	const found = readdirSync(folder)
		.map((name) => join(folder, name))
		.filter((path) => existsSync(join(path, "jobs")));
	const checkouts = await Promise.all(found.map(readCheckout));
	return checkouts.sort((a, b) => a.name.localeCompare(b.name) || byNumbers.compare(a.version, b.version));
}

const byNumbers = new Intl.Collator("en", { numeric: true });

async function readCheckout(folder: string): Promise<Checkout> {
	const problems: Problem[] = [];
	const name = nameOf(folder, problems);
	const jobs = await readFolderJobs(diskTree(folder), name, problems);
	const folders = readdirSync(join(folder, "jobs"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
	return {
		name,
		version: git(folder, "describe", "--tags", "--always").replace(/^v(?=\d)/, ""),
		commit: git(folder, "rev-parse", "--short=8", "HEAD"),
		folder,
		jobs,
		problems,
		folders: folders.length,
	};
}

/** Where `config/final.yml` is kept out of git, the folder's. */
function nameOf(folder: string, problems: Problem[]): string {
	const file = join(folder, "config/final.yml");
	const given = basename(folder).replace(/@.*$/, "");
	if (!existsSync(file)) return given;
	const { name, final_name } = textMap(parseTexts(readFileSync(file, "utf8"), file), file, problems);
	return String(name ?? final_name ?? given);
}

function git(folder: string, ...args: readonly string[]): string {
	return execFileSync("git", ["-C", folder, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
}

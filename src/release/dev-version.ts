import { digestOf } from "../digest.ts";
import { compareVersions } from "./compare-versions.ts";
import type { FileTree } from "./files.ts";
import type { ReleaseFolder } from "./read-folder.ts";
import { parseTexts, textMap, textOf } from "./texts.ts";

/**
 * The version of a folder's content that nobody gave a version: the last final one (or 0), `+dev.`, and a digest of all fingerprints. So
 * it changes with the content and never without.
 */
export async function devVersion(files: FileTree, folder: ReleaseFolder): Promise<string> {
	const prints = (items: readonly { readonly name: string; readonly fingerprint: string }[]) =>
		items.map(({ name, fingerprint }) => [name, fingerprint]);
	const content = digestOf([prints(folder.jobs), prints(folder.packages), folder.license?.fingerprint]);
	return `${await lastFinalVersion(files, folder.name)}+dev.${content.slice(0, 12)}`;
}

async function lastFinalVersion(files: FileTree, name: string): Promise<string> {
	const file = `releases/${name}/index.yml`;
	if (!(await files.stat(file))) return "0";
	const index = textMap(parseTexts((await files.read(file)).toString("utf8"), file), file, []);
	const versions = Object.values(textMap(index.builds, file, [])).flatMap(
		(build) => textOf(textMap(build, file, []).version, file, []) ?? [],
	);
	return versions.sort(compareVersions).at(-1) ?? "0";
}

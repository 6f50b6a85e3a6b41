import { type Problem, problem, UserError } from "../errors.ts";
import type { FileTree } from "./files.ts";
import { parseTexts, textMap, textOf } from "./texts.ts";

/** The processor that a release's blobs are for, in Node's words. */
export type Arch = "x64" | "arm64";

/** One line of `config/blobs.yml`. */
export interface BlobEntry {
	/** Below `blobs/`. */
	readonly path: string;
	/** An npm package: davit's own way, for blobs that npm's registry holds. `integrity` is npm's: `sha512-BASE64`. */
	readonly npm?: { readonly spec: string; readonly integrity: string };
	/** In the release's blob store, as BOSH has it. */
	readonly object?: { readonly id: string; readonly sha: string };
}

/**
 * Reads `config/blobs.yml`. Entries with another `arch` than the wanted one are left out.
 * @throws UserError with all that is wrong in it.
 */
export async function readBlobIndex(files: FileTree, arch: Arch): Promise<readonly BlobEntry[]> {
	const file = "config/blobs.yml";
	if (!(await files.stat(file))) return [];
	const problems: Problem[] = [];
	const fault = (message: string) => problems.push(problem("bad-blob", `${files.name}/${file}: ${message}`));
	const index = textMap(parseTexts((await files.read(file)).toString("utf8"), file), file, problems);
	const entries: BlobEntry[] = [];
	for (const [path, value] of Object.entries(index)) {
		const entry = textMap(value, `${file}: ${path}`, problems);
		const text = (key: string) => textOf(entry[key], `${file}: ${path}/${key}`, problems);
		if (path.startsWith("/") || path.split("/").includes("..")) fault(`${path} lies outside blobs/`);
		const only = text("arch");
		if (only !== undefined && only !== "x64" && only !== "arm64")
			fault(`${path}: arch must be x64 or arm64, not ${only}`);
		const [spec, integrity, id] = [text("npm"), text("integrity"), text("object_id")];
		if (spec !== undefined && !/^(@[\w.-]+\/)?[\w.-]+@\d+\.\d+\.\d+[\w.+-]*$/.test(spec))
			fault(`${path}: npm must be a package with its exact version, such as left-pad@1.3.0, not ${spec}`);
		if (spec !== undefined && !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? ""))
			fault(`${path}: an npm blob needs integrity: sha512-..., as npm's lock files have it`);
		if (only !== undefined && only !== arch) continue;
		entries.push({
			path,
			...(spec !== undefined && integrity !== undefined ? { npm: { spec, integrity } } : {}),
			...(id === undefined ? {} : { object: { id, sha: text("sha") ?? "" } }),
		});
	}
	if (problems.length > 0) throw new UserError(problems);
	return entries;
}

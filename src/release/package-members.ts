import type { Problem } from "../errors.ts";
import { problem } from "../errors.ts";
import type { AbsentBlob, FileTree, PackageMember, ReleaseFiles } from "./files.ts";
import { type FingerprintFile, fingerprint, sha256Of, sha256OfStream } from "./fingerprint.ts";
import { globExpression } from "./glob.ts";
import { isTrue, parseTexts, textList, textMap, textOf } from "./texts.ts";

/** A package as its folder describes it. */
export interface PackageRecipe {
	readonly name: string;
	readonly dependencies: readonly string[];
	readonly fingerprint: string;
	/** `packaging`, `pre_packaging` and the files of `src` and `blobs` that the spec's patterns match. */
	readonly members: readonly PackageMember[];
	readonly prePackaging: boolean;
	readonly compress: boolean;
}

/** The release's `src` and `blobs`, listed once for all packages. */
export interface SourceTree {
	/** Files and symlinks by path below `src` or `blobs`; `src` wins. */
	readonly members: ReadonlyMap<string, PackageMember>;
	/** `sha256:HEX` of a member's bytes, or of its target. */
	digest(member: PackageMember): Promise<string>;
}

/** Lists `src` and `blobs`. Folders behind symlinks are not entered, as BOSH doesn't. */
export async function readSourceTree(files: FileTree): Promise<SourceTree> {
	const members = new Map<string, PackageMember>();
	for (const top of ["blobs", "src"]) for await (const member of walk(files, top, "")) members.set(member.path, member);
	const digests = new Map<string, Promise<string>>();
	return {
		members,
		digest: (member) => {
			const known = digests.get(member.source) ?? digestOf(files, member);
			digests.set(member.source, known);
			return known;
		},
	};
}

/** Every file and symlink below `top/path`. */
export async function* walk(files: FileTree, top: string, path: string): AsyncGenerator<PackageMember> {
	const names = await files.list(join(top, path));
	const stats = await Promise.all(names.map((name) => files.stat(join(top, join(path, name)))));
	for (const [index, name] of names.entries()) {
		const below = join(path, name);
		const source = join(top, below);
		const stat = stats[index];
		if (!stat) continue;
		if (stat.kind === "directory") yield* walk(files, top, below);
		else yield { path: below, source, kind: stat.kind, executable: stat.executable, size: stat.size };
	}
}

/** Reads `packages/NAME` (bosh-cli, release/pkg/dir_reader.go). All that is wrong goes to `problems`. */
export async function readPackage(
	files: ReleaseFiles,
	tree: SourceTree,
	folder: string,
	problems: Problem[],
): Promise<PackageRecipe | undefined> {
	const specFile = `${folder}/spec`;
	const spec = textMap(parseTexts((await files.read(specFile)).toString("utf8"), specFile), specFile, problems);
	const name = textOf(spec.name, `${specFile}: name`, problems) ?? folder.slice("packages/".length);
	const dependencies = textList(spec.dependencies, `${specFile}: dependencies`, problems);
	const patterns = textList(spec.files, `${specFile}: files`, problems);
	const excluded = textList(spec.excluded_files, `${specFile}: excluded_files`, problems);
	const chosen = select(tree, { patterns, excluded, specFile, absentBlobs: files.absentBlobs }, problems);
	const scripts: PackageMember[] = [];
	for (const script of ["packaging", "pre_packaging"]) {
		const stat = await files.stat(`${folder}/${script}`);
		if (stat && stat.kind !== "directory")
			scripts.push({ path: script, source: `${folder}/${script}`, ...stat, kind: stat.kind });
		if (chosen.some(({ path }) => path === script))
			problems.push(
				problem("bad-package-spec", `${specFile}: files matches ${script} in src or blobs; that name is kept`),
			);
	}
	if (scripts[0]?.path !== "packaging")
		problems.push(problem("no-packaging", `package ${name} has no ${folder}/packaging script`));
	const printed: FingerprintFile[] = [];
	for (const member of scripts) printed.push({ path: member.path, digest: await digestOf(files, member) });
	for (const member of chosen)
		printed.push({ path: member.path, digest: await tree.digest(member), mode: modeOf(member) });
	return {
		name,
		dependencies,
		fingerprint: fingerprint(printed, dependencies),
		members: [...scripts, ...chosen],
		prePackaging: scripts.some(({ path }) => path === "pre_packaging"),
		compress: !isTrue(spec.no_compression),
	};
}

interface Selection {
	readonly patterns: readonly string[];
	readonly excluded: readonly string[];
	readonly specFile: string;
	readonly absentBlobs: readonly AbsentBlob[];
}

function select(tree: SourceTree, selection: Selection, problems: Problem[]): PackageMember[] {
	const { patterns, excluded, specFile, absentBlobs } = selection;
	const matching = (pattern: string, required: boolean): PackageMember[] => {
		const expression = globExpression(pattern);
		if (!expression) {
			problems.push(problem("bad-pattern", `${specFile}: the pattern ${pattern} is broken`));
			return [];
		}
		const found = [...tree.members.values()].filter(({ path }) => expression.test(path));
		if (required && found.length === 0)
			problems.push(
				nothingMatches(
					specFile,
					pattern,
					absentBlobs.find(({ path }) => expression.test(path)),
				),
			);
		return found;
	};
	const chosen = new Map<string, PackageMember>();
	for (const member of patterns.flatMap((pattern) => matching(pattern, true))) chosen.set(member.path, member);
	for (const member of excluded.flatMap((pattern) => matching(pattern, false))) chosen.delete(member.path);
	return [...chosen.values()];
}

function nothingMatches(specFile: string, pattern: string, absent: AbsentBlob | undefined): Problem {
	if (absent)
		return problem("no-blob", `${specFile} needs ${pattern}: the blob ${absent.path} ${absent.why}`, {
			hint: `put it into blobs/${absent.path}, or give the release's tarball instead of its folder`,
		});
	return problem("no-files", `${specFile}: no file in src or blobs matches ${pattern}`, {
		hint: "if it is a blob, name it in config/blobs.yml with its npm package, or put it into blobs/",
	});
}

function modeOf(member: PackageMember): "symlink" | "100755" | "100644" {
	if (member.kind === "symlink") return "symlink";
	return member.executable ? "100755" : "100644";
}

async function digestOf(files: FileTree, { kind, source }: PackageMember): Promise<string> {
	if (kind === "symlink") return sha256Of(await files.readLink(source));
	return files.knownDigest?.(source) ?? sha256OfStream(await files.open(source));
}

function join(folder: string, name: string): string {
	return folder === "" || name === "" ? folder + name : `${folder}/${name}`;
}

import { type Problem, problem, UserError } from "../errors.ts";
import type { FileTree, ReleaseFiles } from "./files.ts";
import { findBuild, openBuild, readBlobstore } from "./final-builds.ts";
import { type FingerprintFile, fingerprint, sha256Of } from "./fingerprint.ts";
import { packageArchive } from "./package-archive.ts";
import { readPackage, readSourceTree, type SourceTree } from "./package-members.ts";
import { type JobContent, readJob } from "./read-job.ts";
import { missingPackages } from "./references.ts";
import type { ReleaseJob, ReleasePackage } from "./release.ts";
import { isTrue, parseTexts, textList, textMap, textOf } from "./texts.ts";

/** A release folder, read; it has no version yet. */
export interface ReleaseFolder {
	readonly name: string;
	readonly jobs: readonly FolderJob[];
	readonly packages: readonly ReleasePackage[];
	readonly license?: { readonly fingerprint: string; readonly files: readonly string[] };
	readonly noCompression: boolean;
	readonly warnings: readonly Problem[];
}

export interface FolderJob extends ReleaseJob {
	/** What its archive holds: path there, path in the folder. */
	readonly files: readonly { readonly path: string; readonly source: string; readonly executable: boolean }[];
}

/**
 * Reads a release folder as `create-release` does (bosh-cli, release/dir_reader.go). Packages are recipes: their archive is made when opened.
 * `givenName` is the release's where the folder has no `config/final.yml`, as with `create-release --name` and a manifest's `version: create`.
 * @throws UserError with everything that is wrong in it.
 */
export async function readFolder(files: ReleaseFiles, givenName?: string): Promise<ReleaseFolder> {
	const problems: Problem[] = [];
	const { name, noCompression } = await readFinalConfig(files, givenName, problems);
	const tree = await readSourceTree(files);
	const packages: ReleasePackage[] = [];
	for (const folder of await folders(files, "packages")) {
		const read = await attempt(problems, () => readPackageFolder(files, tree, `packages/${folder}`, problems));
		if (read) packages.push(read);
	}
	const jobs = await readFolderJobs(files, name, problems);
	const license = await readLicense(files);
	if (!problems.some(({ severity }) => severity === "error"))
		problems.push(...missingPackages(name, jobs, new Map(packages.map((item) => [item.name, item]))));
	const errors = problems.filter(({ severity }) => severity === "error");
	if (errors.length > 0) throw new UserError(errors.map((found) => inFolder(files, found)));
	return { name, jobs, packages, noCompression, warnings: problems, ...(license ? { license } : {}) };
}

/** The jobs of a release folder, without its packages; those that can't be read are left out. All that is wrong goes to `problems`. */
export async function readFolderJobs(files: FileTree, release: string, problems: Problem[]): Promise<FolderJob[]> {
	const jobs: FolderJob[] = [];
	for (const folder of await folders(files, "jobs")) {
		const job = await readJobFolder(files, release, folder, problems);
		if (job) jobs.push(job);
	}
	return jobs;
}

async function readFinalConfig(
	files: ReleaseFiles,
	givenName: string | undefined,
	problems: Problem[],
): Promise<{ readonly name: string; readonly noCompression: boolean }> {
	const file = "config/final.yml";
	if (!(await files.stat(file))) {
		if (givenName !== undefined && (await files.list("jobs")).length > 0)
			return { name: givenName, noCompression: false };
		problems.push(
			problem("not-a-release", `${files.name} is no release folder: ${file} is missing`, {
				hint: `a release folder has ${file} with the release's name, jobs/ and packages/; where ${file} is missing, give the name with --name, or in the manifest with version: create`,
			}),
		);
		return { name: "", noCompression: false };
	}
	const top = textMap(parseTexts((await files.read(file)).toString("utf8"), file), file, problems);
	const name = textOf(top.name, `${file}: name`, problems) ?? textOf(top.final_name, `${file}: final_name`, problems);
	if (name === undefined) problems.push(problem("no-release-name", `${file} gives the release no name`));
	if (top.name !== undefined && top.final_name !== undefined)
		problems.push(problem("no-release-name", `${file} has both name and final_name: remove final_name`));
	return { name: name ?? "", noCompression: isTrue(top.no_compression) };
}

async function readPackageFolder(
	files: ReleaseFiles,
	tree: SourceTree,
	folder: string,
	problems: Problem[],
): Promise<ReleasePackage | undefined> {
	if (await files.stat(`${folder}/spec.lock`)) return readVendored(files, folder, problems);
	if (!(await files.stat(`${folder}/spec`))) {
		problems.push(problem("no-package-spec", `${folder}/spec is missing`));
		return undefined;
	}
	const recipe = await readPackage(files, tree, folder, problems);
	if (!recipe) return undefined;
	const { name, fingerprint, dependencies } = recipe;
	return { name, fingerprint, dependencies, form: "source", open: () => packageArchive(files, recipe) };
}

/** A vendored package is never fingerprinted anew: its lock names a build in `.final_builds`. */
async function readVendored(
	files: ReleaseFiles,
	folder: string,
	problems: Problem[],
): Promise<ReleasePackage | undefined> {
	const file = `${folder}/spec.lock`;
	const lock = textMap(parseTexts((await files.read(file)).toString("utf8"), file), file, problems);
	const name = textOf(lock.name, `${file}: name`, problems);
	const printed = textOf(lock.fingerprint, `${file}: fingerprint`, problems);
	if (name === undefined || printed === undefined) {
		problems.push(problem("bad-package-spec", `${file} must give name and fingerprint`));
		return undefined;
	}
	const build = await findBuild(files, "packages", name, printed, problems);
	if (!build) return undefined;
	const store = await readBlobstore(files);
	return {
		name,
		fingerprint: printed,
		dependencies: textList(lock.dependencies, `${file}: dependencies`, problems),
		form: "source",
		digest: build.sha1,
		open: () => openBuild(files, store, build),
	};
}

async function readJobFolder(
	files: FileTree,
	release: string,
	name: string,
	problems: Problem[],
): Promise<FolderJob | undefined> {
	const where = `jobs/${name}`;
	const seen = new Map<string, { source: string; bytes: Buffer; executable: boolean }>();
	const read = async (path: string): Promise<Buffer | undefined> => {
		const source = `${where}/${path}`;
		const stat = await files.stat(source);
		if (!stat || stat.kind === "directory") return undefined;
		const bytes = await files.read(source).catch(async (error: unknown) => {
			if (stat.kind !== "symlink") throw error;
			problems.push(danglingLink(source, await files.readLink(source)));
			return Buffer.alloc(0);
		});
		seen.set(path === "spec" ? "job.MF" : path, { source, bytes, executable: stat.executable });
		return bytes;
	};
	const content: JobContent | undefined = await readJob(
		{ release, where, specName: "spec", read, monitFiles: [] },
		name,
		problems,
	);
	if (!content) return undefined;
	const printed: FingerprintFile[] = [...seen].map(([path, { bytes, executable }]) => ({
		path,
		digest: sha256Of(bytes),
		mode: executable ? "100755" : "100644",
	}));
	return {
		...content,
		fingerprint: fingerprint(printed),
		files: [...seen].map(([path, { source, executable }]) => ({ path, source, executable })),
	};
}

function danglingLink(source: string, target: string): Problem {
	return problem("dangling-link", `${source} is a symlink to ${target}, and there is no file`, {
		hint: "if it leads into a git submodule: git submodule update --init --recursive",
	});
}

async function readLicense(files: ReleaseFiles): Promise<ReleaseFolder["license"]> {
	const names = (await files.list("")).filter((name) => /^(LICENSE|NOTICE)/.test(name));
	const printed: FingerprintFile[] = [];
	for (const name of names) {
		if ((await files.stat(name))?.kind === "directory") continue;
		printed.push({ path: name, digest: sha256Of(await files.read(name)) });
	}
	if (printed.length === 0) return undefined;
	return { fingerprint: fingerprint(printed), files: printed.map(({ path }) => path) };
}

async function folders(files: FileTree, path: string): Promise<string[]> {
	const names = await files.list(path);
	const kinds = await Promise.all(names.map((name) => isFolder(files, `${path}/${name}`)));
	return names.filter((_, index) => kinds[index]);
}

async function isFolder(files: FileTree, path: string): Promise<boolean> {
	const stat = await files.stat(path);
	return stat?.kind === "directory" || (stat?.kind === "symlink" && (await files.list(path)).length > 0);
}

/** One package that can't be read must not hide what is wrong with the others. */
async function attempt<T>(problems: Problem[], read: () => Promise<T>): Promise<T | undefined> {
	try {
		return await read();
	} catch (error) {
		if (!(error instanceof UserError)) throw error;
		problems.push(...error.problems);
		return undefined;
	}
}

function inFolder(files: ReleaseFiles, found: Problem): Problem {
	return { ...found, message: `${files.name}: ${found.message}`.replace(`${files.name}: ${files.name}`, files.name) };
}

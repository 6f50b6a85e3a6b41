import { type Problem, UserError } from "../errors.ts";
import type { ReleaseFiles } from "./files.ts";
import { type Blobstore, type Build, findBuild, openBuild, readBlobstore } from "./final-builds.ts";
import { collect, readJobArchive } from "./job-archive.ts";
import { missingPackages } from "./references.ts";
import type { Release, ReleaseJob, ReleasePackage } from "./release.ts";
import { type ManifestEntry, type ManifestPackage, parseReleaseManifest } from "./release-manifest.ts";

/** The manifest of a final release in its folder, at today's place or the one of old releases; undefined if there is none. */
export async function finalReleaseFile(
	files: ReleaseFiles,
	name: string,
	version: string,
): Promise<string | undefined> {
	for (const file of [`releases/${name}/${name}-${version}.yml`, `releases/${name}-${version}.yml`])
		if (await files.stat(file)) return file;
	return undefined;
}

/**
 * Reads a final release from its folder: everything comes from the blob store, by `.final_builds`, and is checked at once.
 * @throws UserError with all blobs that are missing or have another digest.
 */
export async function readFinalRelease(files: ReleaseFiles, file: string): Promise<Release> {
	const manifest = parseReleaseManifest((await files.read(file)).toString("utf8"), file);
	const store = await readBlobstore(files);
	const problems: Problem[] = [];
	const jobs = new Map<string, ReleaseJob>();
	for (const entry of manifest.jobs) {
		const job = await readFinalJob(files, store, manifest.name, entry, problems);
		if (job) jobs.set(job.name, job);
	}
	const packages = new Map<string, ReleasePackage>();
	for (const entry of manifest.packages) {
		const item = await readFinalPackage(files, store, entry, problems);
		if (item) packages.set(item.name, item);
	}
	if (!problems.some(({ severity }) => severity === "error"))
		problems.push(...missingPackages(`${manifest.name}/${manifest.version}`, jobs.values(), packages));
	const errors = problems.filter(({ severity }) => severity === "error");
	if (errors.length > 0) throw new UserError(errors);
	const { name, version, commitHash, uncommittedChanges } = manifest;
	return { name, version, commitHash, uncommittedChanges, jobs, packages, warnings: problems };
}

async function readFinalJob(
	files: ReleaseFiles,
	store: Blobstore,
	release: string,
	entry: ManifestEntry,
	problems: Problem[],
): Promise<ReleaseJob | undefined> {
	const bytes = await readBuild(files, "jobs", entry, problems, async (build) =>
		collect(await openBuild(files, store, build)),
	);
	if (!bytes) return undefined;
	const where = `${files.name}: job ${entry.name}`;
	const job = await readJobArchive(bytes, { name: entry.name, release, where }, problems);
	return job && { ...job, fingerprint: entry.fingerprint, digest: entry.sha1 };
}

async function readFinalPackage(
	files: ReleaseFiles,
	store: Blobstore,
	entry: ManifestPackage,
	problems: Problem[],
): Promise<ReleasePackage | undefined> {
	return readBuild(files, "packages", entry, problems, async (build) => {
		for await (const _ of await openBuild(files, store, build));
		return {
			name: entry.name,
			fingerprint: entry.fingerprint,
			dependencies: entry.dependencies,
			form: "source",
			digest: entry.sha1,
			open: () => openBuild(files, store, build),
		};
	});
}

/** One blob that can't be read must not hide the others. */
async function readBuild<T>(
	files: ReleaseFiles,
	kind: "jobs" | "packages",
	entry: ManifestEntry | ManifestPackage,
	problems: Problem[],
	read: (build: Build) => Promise<T>,
): Promise<T | undefined> {
	try {
		const build = await findBuild(files, kind, entry.name, entry.fingerprint, problems);
		return build && (await read(build));
	} catch (error) {
		if (!(error instanceof UserError)) throw error;
		problems.push(...error.problems);
		return undefined;
	}
}

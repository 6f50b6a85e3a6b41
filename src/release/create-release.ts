import type { Readable } from "node:stream";
import { type Problem, problem, UserError } from "../errors.ts";
import { type ArchiveMember, archive, bytesMember } from "./archive.ts";
import { devVersion } from "./dev-version.ts";
import type { PackageStore, ReleaseFiles } from "./files.ts";
import { type FolderJob, readFolder } from "./read-folder.ts";
import type { ReleaseManifest } from "./release-manifest.ts";
import { collectArchives, releaseTarball } from "./release-tarball.ts";

/** What git says of the release folder; undefined where there is no git repository. */
export interface GitState {
	/** Short hash of the last commit; `empty` before the first. */
	readonly commit: string;
	/** Changed or untracked files, as git prints them. */
	readonly changes: readonly string[];
}

export interface CreateReleaseOptions {
	/** Goes before the name in `config/final.yml`, which need not be there then. */
	readonly name?: string;
	/** Absent: one is made from the content. */
	readonly version?: string;
	/** Go on although the folder has changes that aren't committed. */
	readonly force: boolean;
	readonly git: GitState | undefined;
}

export interface CreatedRelease {
	readonly manifest: ReleaseManifest;
	readonly warnings: readonly Problem[];
	/** The release tarball, made while it is read; the same folder and version give the same bytes. */
	tarball(): Readable;
}

/**
 * Creates a dev release from a folder, as `create-release` does: every job and package becomes an archive in the store, and `release.MF` names them.
 * @throws UserError (exit code 4) if git has changes and `force` isn't given; and all that is wrong in the folder.
 */
export async function createRelease(
	files: ReleaseFiles,
	options: CreateReleaseOptions,
	store: PackageStore,
): Promise<CreatedRelease> {
	const { git, force } = options;
	if (git && git.changes.length > 0 && !force) throw new UserError(uncommitted(files, git), { exitCode: 4 });
	const read = await readFolder(files, options.name);
	const folder = { ...read, name: options.name ?? read.name };
	const version = options.version ?? (await devVersion(files, folder));
	const { stored, keep } = collectArchives(store);
	const jobs: ReleaseManifest["jobs"][number][] = [];
	for (const job of folder.jobs) {
		const sha1 = await keep(`jobs/${job.name}.tgz`, await jobArchive(files, job));
		jobs.push({ name: job.name, fingerprint: job.fingerprint, sha1, packages: job.packages });
	}
	const packages: ReleaseManifest["packages"][number][] = [];
	for (const { name, fingerprint, dependencies, open } of folder.packages) {
		const sha1 = await keep(`packages/${name}.tgz`, await open());
		packages.push({ name, fingerprint, sha1, dependencies });
	}
	const texts = await Promise.all((folder.license?.files ?? []).map((path) => fileMember(files, path, path, false)));
	const license = folder.license && {
		fingerprint: folder.license.fingerprint,
		sha1: await keep("license.tgz", archive(texts, { compress: true })),
	};
	const manifest: ReleaseManifest = {
		name: folder.name,
		version,
		commitHash: git?.commit ?? "non-git",
		uncommittedChanges: (git?.changes.length ?? 0) > 0,
		jobs,
		packages,
		compiledPackages: [],
		...(license ? { license } : {}),
		noCompression: folder.noCompression,
	};
	return { manifest, warnings: folder.warnings, tarball: () => releaseTarball(manifest, stored, texts, store) };
}

async function jobArchive(files: ReleaseFiles, job: FolderJob): Promise<Readable> {
	const members = await Promise.all(
		job.files.map(({ path, source, executable }) => fileMember(files, path, source, executable)),
	);
	return archive(members, { compress: true });
}

/** Small files only: they are held in memory. */
async function fileMember(
	files: ReleaseFiles,
	path: string,
	source: string,
	executable: boolean,
): Promise<ArchiveMember> {
	return bytesMember(path, await files.read(source), executable);
}

function uncommitted(files: ReleaseFiles, git: GitState): Problem {
	const shown = git.changes.slice(0, 10).join("\n");
	const more = git.changes.length > 10 ? `\n... and ${git.changes.length - 10} more` : "";
	return problem("uncommitted-changes", `${files.name} has changes that git doesn't have:\n${shown}${more}`, {
		hint: "commit them, or use --force: the release then says that it was made from uncommitted changes",
	});
}

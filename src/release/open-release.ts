import { fileURLToPath } from "node:url";
import { problem, UserError } from "../errors.ts";
import type { ReleaseRef } from "../manifest/deployment.ts";
import { compareVersions } from "./compare-versions.ts";
import { devVersion } from "./dev-version.ts";
import { releaseFromIndex } from "./from-index.ts";
import { finalReleaseFile, readFinalRelease } from "./read-final.ts";
import { type ReleaseFolder, readFolder } from "./read-folder.ts";
import type { Release } from "./release.ts";
import type { ReleaseSources } from "./sources.ts";
import { indexTarball, type TarballIndex } from "./tarball.ts";

/**
 * Opens the release that a manifest names: a folder, a tarball, a `file:` or http(s) URL. To be called for releases whose jobs are used
 * only, since it fetches them.
 * @throws UserError: nowhere to get it from, absent, broken, or another name or version than the manifest says.
 */
export async function openRelease(ref: ReleaseRef, sources: ReleaseSources): Promise<Release> {
	if (ref.url === undefined) return openUploaded(ref, sources);
	const path = await locate({ ...ref, url: ref.url }, sources);
	const kind = await sources.kindOf(path);
	if (kind === undefined)
		throw absent(
			`release ${label(ref)}: `,
			path,
			"check the url of the release; a path counts from the manifest's folder",
		);
	if (kind === "folder") return openFolder(ref, path, sources);
	if (ref.version === "create") throw new UserError(notAFolder(ref, path));
	const release = await openTarball(path, shownName(ref, path), isHttp(ref.url) ? undefined : ref.sha1, sources);
	const anyVersion = ref.version === "latest";
	if (release.name !== ref.name || (!anyVersion && release.version !== ref.version))
		throw new UserError(otherRelease(ref, path, release));
	return release;
}

/**
 * Opens whatever release a path, `file:` or http(s) URL leads to.
 * @throws UserError: absent or broken.
 */
export async function openReleaseAt(url: string, sources: ReleaseSources): Promise<Release> {
	const path = await locate({ name: url, version: "latest", url }, sources);
	const kind = await sources.kindOf(path);
	if (kind === undefined) throw absent("", path, "check the path");
	if (kind === "file") return openTarball(path, path, undefined, sources);
	const files = await sources.folder(path);
	const folder = await readFolder(files);
	return releaseOf(folder, await devVersion(files, folder));
}

/**
 * Reads the tarball that a path, `file:` or http(s) URL leads to.
 * @throws UserError: absent, a folder, broken, or other than the checksum says.
 */
export async function indexReleaseAt(
	url: string,
	checksum: string | undefined,
	sources: ReleaseSources,
): Promise<TarballIndex> {
	const path = await locate({ name: url, version: "latest", url, ...(checksum ? { sha1: checksum } : {}) }, sources);
	const kind = await sources.kindOf(path);
	if (kind === undefined) throw absent("", path, "check the path");
	if (kind === "folder")
		throw new UserError(
			problem("not-a-tarball", `${path} is a folder`, {
				hint: "name it as the url of the release in the manifest, or make a tarball of it with davit create-release --tarball",
			}),
		);
	return sources.tarball(path, isHttp(url) ? undefined : checksum, (body) => indexTarball(body, path, sources.blobs));
}

/** One that was uploaded; of `latest`, the newest version. */
async function openUploaded(ref: ReleaseRef, sources: ReleaseSources): Promise<Release> {
	const { name, version } = ref;
	const all = version === "latest" ? await sources.uploaded.list() : [await sources.uploaded.get(name, version)];
	const own = all.flatMap((index) => (index?.manifest.name === name ? [index] : []));
	const [newest] = own.sort((a, b) => compareVersions(b.manifest.version, a.manifest.version));
	if (newest) return releaseFromIndex(newest, sources.blobs);
	throw new UserError(
		problem("no-release-url", `release ${label(ref)} has no url, and was not uploaded here`, {
			hint: "give it a url: a folder, a tarball's path, or http(s)://; or keep it here with davit upload-release FILE",
		}),
	);
}

function absent(where: string, path: string, hint: string): UserError {
	return new UserError(problem("no-release", `${where}there is nothing at ${path}`, { hint }));
}

async function openTarball(
	path: string,
	name: string,
	checksum: string | undefined,
	sources: ReleaseSources,
): Promise<Release> {
	const index = await sources.tarball(path, checksum, (body) => indexTarball(body, name, sources.blobs));
	return releaseFromIndex(index, sources.blobs);
}

async function openFolder(ref: ReleaseRef, path: string, sources: ReleaseSources): Promise<Release> {
	const files = await sources.folder(path);
	const final = await finalReleaseFile(files, ref.name, ref.version);
	if (final !== undefined) return readFinalRelease(files, final);
	const folder = await readFolder(files, ref.name);
	if (folder.name !== ref.name)
		throw new UserError(otherRelease(ref, path, { name: folder.name, version: ref.version }));
	const made = ref.version === "create" || ref.version === "latest";
	return releaseOf(folder, made ? await devVersion(files, folder) : ref.version);
}

/** A folder's content under a version. */
export function releaseOf(folder: ReleaseFolder, version: string): Release {
	return {
		name: folder.name,
		version,
		commitHash: "",
		uncommittedChanges: false,
		jobs: new Map(folder.jobs.map((job) => [job.name, job])),
		packages: new Map(folder.packages.map((item) => [item.name, item])),
		warnings: folder.warnings,
	};
}

/** What is downloaded for a release that a manifest names; undefined: nothing is. */
export function downloadOf(
	ref: ReleaseRef,
): { readonly url: string; readonly identity: string; readonly checksum?: string } | undefined {
	const { url, sha1 } = ref;
	if (url === undefined || !isHttp(url)) return undefined;
	return { url, identity: label(ref), ...(sha1 === undefined ? {} : { checksum: sha1 }) };
}

async function locate(ref: ReleaseRef & { readonly url: string }, sources: ReleaseSources): Promise<string> {
	const { url } = ref;
	const download = downloadOf(ref);
	if (download) return sources.fetch(url, download);
	if (url.startsWith("file:")) return fileURLToPath(url);
	if (/^[a-z][a-z0-9+.-]*:/i.test(url))
		throw new UserError(
			problem("bad-release-url", `release ${label(ref)}: davit can't fetch ${url.replace(/:.*/s, ":")} URLs`, {
				hint: "use a path, file:// or http(s)://; clone a git repository first and give its folder",
			}),
		);
	return url;
}

function isHttp(url: string | undefined): boolean {
	return url !== undefined && /^https?:/i.test(url);
}

function label({ name, version }: { readonly name: string; readonly version: string }): string {
	return `${name}/${version}`;
}

function shownName(ref: ReleaseRef, path: string): string {
	return isHttp(ref.url) ? `the tarball of release ${label(ref)}` : path;
}

function notAFolder(ref: ReleaseRef, path: string) {
	return problem("not-a-folder", `release ${ref.name}: version create needs a release folder, ${path} is a file`, {
		hint: "give the folder's path, or the tarball's version (or latest)",
	});
}

function otherRelease(ref: ReleaseRef, path: string, found: { readonly name: string; readonly version: string }) {
	const what = found.name === ref.name ? "version" : "name";
	const quoted = what === "version" && Number(found.version) === Number(ref.version);
	const hint = quoted
		? `YAML read the version as a number: write version: "${found.version}" with quotes`
		: `write ${what}: ${JSON.stringify(found[what])}, or give the url of ${label(ref)}`;
	return problem(
		`release-${what}-differs`,
		`the manifest wants release ${label(ref)}, but ${isHttp(ref.url) ? "its url" : path} holds ${label(found)}`,
		{ hint },
	);
}

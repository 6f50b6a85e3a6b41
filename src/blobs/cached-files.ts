import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { CachedFile } from "../release/kept-files.ts";
import type { TarballIndex } from "../release/tarball.ts";

/** Downloads, and indexes of tarballs. What else the cache holds is small, or has nothing to do with releases. */
export async function cachedFiles(cacheFolder: string): Promise<readonly CachedFile[]> {
	const downloads = await filesIn(join(cacheFolder, "downloads"));
	const indexes = await filesIn(join(cacheFolder, "indexes"));
	return [
		...downloads.map(({ name, ...file }) => ({ ...file, download: name.slice(0, 64) })),
		...(await Promise.all(indexes.map(async ({ name: _, ...file }) => ({ ...file, ...(await releaseIn(file.path)) })))),
	];
}

/** Removes one, unless it has changed since it was listed. Absent is success. */
export async function removeCached({ path, changedAt }: CachedFile): Promise<void> {
	const found = await stat(path).catch(() => undefined);
	if (found?.mtimeMs === changedAt) await rm(path, { force: true });
}

async function filesIn(folder: string) {
	const names = await readdir(folder).catch(() => []);
	const found = await Promise.all(
		names.sort().map(async (name) => {
			const path = join(folder, name);
			const file = await stat(path).catch(() => undefined);
			return file?.isFile() ? [{ name, path, size: file.size, changedAt: file.mtimeMs }] : [];
		}),
	);
	return found.flat();
}

/** Nothing of one that can't be read: nobody has a use for it. */
async function releaseIn(path: string): Promise<Pick<CachedFile, "release">> {
	try {
		const { manifest, blobs } = JSON.parse(await readFile(path, "utf8")) as TarballIndex;
		return { release: { name: manifest.name, version: manifest.version, blobs: Object.values(blobs) } };
	} catch {
		return {};
	}
}

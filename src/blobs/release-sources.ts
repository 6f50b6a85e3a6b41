import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Readable } from "node:stream";
import { pathToFileURL } from "node:url";
import type { Clock } from "../clock.ts";
import type { Arch } from "../release/blob-index.ts";
import type { ReleaseSources } from "../release/sources.ts";
import type { TarballIndex } from "../release/tarball.ts";
import type { BlobStore } from "./blobs.ts";
import { fetchToCache } from "./fetch.ts";
import { openReleaseFolder } from "./release-folder.ts";
import { uploadedReleases } from "./uploaded-releases.ts";

export interface ReleaseSourcesOptions {
	/** Absolute. Downloads, npm packages and tarball indexes are kept below it. */
	readonly cacheFolder: string;
	readonly blobs: BlobStore;
	/** Of the VMs that the releases are for. */
	readonly arch: Arch;
	readonly clock: Clock;
	readonly signal: AbortSignal;
	readonly onProgress?: (what: string, bytes: number, total: number | undefined) => void;
}

/** Changes when what an index holds does, so that older ones are made anew. */
const indexFormat = 1;

/** Releases from this machine's disk and the network. */
export function releaseSources(options: ReleaseSourcesOptions): ReleaseSources {
	const { cacheFolder, blobs, clock, signal, onProgress } = options;
	return {
		blobs,
		uploaded: uploadedReleases(join(cacheFolder, "../releases")),
		fetch: (url, { checksum, identity }) =>
			fetchToCache(
				{ url, identity, ...(checksum === undefined ? {} : { checksum }) },
				{
					cacheFolder: join(cacheFolder, "downloads"),
					clock,
					signal,
					...(onProgress ? { onProgress: (bytes, total) => onProgress(identity, bytes, total) } : {}),
				},
			),
		kindOf: (path) =>
			stat(path).then(
				(found) => (found.isDirectory() ? "folder" : "file"),
				() => undefined,
			),
		folder: (path) => openReleaseFolder(resolve(path), options),
		tarball: (path, checksum, read) => keptIndex(resolve(path), checksum, read, options),
	};
}

async function keptIndex(
	path: string,
	checksum: string | undefined,
	read: (body: Readable) => Promise<TarballIndex>,
	{ cacheFolder, blobs, clock, signal }: ReleaseSourcesOptions,
): Promise<TarballIndex> {
	const found = await stat(path, { bigint: true });
	const identity = [indexFormat, path, found.dev, found.ino, found.size, found.mtimeNs, checksum ?? ""].join("\n");
	const folder = join(cacheFolder, "indexes");
	const file = join(folder, `${createHash("sha256").update(identity).digest("hex")}.json`);
	const kept = await readIndex(file);
	if (kept && (await Promise.all(Object.values(kept.blobs).map((digest) => blobs.has(digest)))).every(Boolean))
		return kept;
	if (checksum !== undefined)
		await fetchToCache({ url: pathToFileURL(path).href, checksum }, { cacheFolder, clock, signal });
	const index = await read(createReadStream(path, { signal }));
	await mkdir(folder, { recursive: true });
	const incoming = `${file}.${process.pid}`;
	await writeFile(incoming, JSON.stringify(index));
	await rename(incoming, file);
	return index;
}

async function readIndex(file: string): Promise<TarballIndex | undefined> {
	try {
		return JSON.parse(await readFile(file, "utf8")) as TarballIndex;
	} catch {
		return undefined;
	}
}

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Arch, type BlobEntry, readBlobIndex } from "../release/blob-index.ts";
import type { AbsentBlob, FileTree, ReleaseFiles } from "../release/files.ts";
import { type Blobstore, readBlobstore } from "../release/final-builds.ts";
import { type NpmOptions, type NpmTarball, npmTarball } from "./npm.ts";
import { prePackage } from "./pre-packaging.ts";
import { diskTree } from "./tree.ts";

export interface ReleaseFolderOptions extends NpmOptions {
	/** Blobs for other processors are left out. */
	readonly arch: Arch;
}

/**
 * A release folder on disk with the blobs of its `config/blobs.yml`: those in `blobs/`, npm packages (fetched into the cache if need be), and those of a
 * `local` blob store. Nothing is written into the folder.
 */
export async function openReleaseFolder(folder: string, options: ReleaseFolderOptions): Promise<ReleaseFiles> {
	const plain = withMachine(diskTree(folder), folder, options, []);
	const store = await readBlobstore(plain);
	const overlay = new Map<string, string>();
	const digests = new Map<string, string>();
	const absent: AbsentBlob[] = [];
	await Promise.all(
		(await readBlobIndex(plain, options.arch)).map(async (entry) => {
			const path = `blobs/${entry.path}`;
			if (await plain.stat(path)) return;
			const found = await findBlob(entry, store, folder, options);
			if ("why" in found) absent.push(found);
			else overlay.set(path, found.path);
			if ("digest" in found) digests.set(path, found.digest);
		}),
	);
	const tree = { ...diskTree(folder, overlay), knownDigest: (path: string) => digests.get(path) };
	return withMachine(tree, folder, options, absent);
}

async function findBlob(
	entry: BlobEntry,
	store: Blobstore,
	folder: string,
	options: ReleaseFolderOptions,
): Promise<{ readonly path: string } | NpmTarball | AbsentBlob> {
	if (entry.npm) return npmTarball(entry.npm, options);
	if (!entry.object) return { path: entry.path, why: "is in no blob store yet, and not in blobs/" };
	if (store.provider !== "local")
		return {
			path: entry.path,
			why: `lies in a blob store of the kind ${store.provider || "unknown"}, which davit doesn't read`,
		};
	const path = join(storeFolder(folder, store), entry.object.id);
	if (await isFile(path)) return { path };
	return { path: entry.path, why: `is missing in the local blob store (${path})` };
}

function withMachine(
	tree: FileTree,
	folder: string,
	{ signal }: ReleaseFolderOptions,
	absentBlobs: readonly AbsentBlob[],
): ReleaseFiles {
	const files: ReleaseFiles = {
		...tree,
		absentBlobs,
		openLocalBlob: async (store, id) => {
			const path = join(isAbsolute(store) ? store : join(folder, store), id);
			return (await isFile(path)) ? { url: pathToFileURL(path).href, body: createReadStream(path) } : undefined;
		},
		prePackage: (members, script, owner) =>
			prePackage({ files, members, script, owner, releaseFolder: folder, signal }),
	};
	return files;
}

function storeFolder(folder: string, { options }: Blobstore): string {
	const path = typeof options.blobstore_path === "string" ? options.blobstore_path : "";
	return isAbsolute(path) ? path : join(folder, path);
}

function isFile(path: string): Promise<boolean> {
	return stat(path).then(
		(found) => found.isFile(),
		() => false,
	);
}

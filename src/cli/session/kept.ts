import { join } from "node:path";
import { listAll } from "../../apply/observe.ts";
import { cachedFiles, removeCached } from "../../blobs/cached-files.ts";
import { cachedName } from "../../blobs/fetch.ts";
import type { FolderStore } from "../../blobs/folder.ts";
import type { UploadedStemcells } from "../../blobs/uploaded-stemcells.ts";
import type { Cpi } from "../../cpi/cpi.ts";
import type { CloudImage, Kept } from "../../plan/clean-up.ts";
import type { Use } from "../../plan/uses.ts";
import { downloadOf } from "../../release/open-release.ts";
import type { ReleaseSources } from "../../release/sources.ts";
import type { SqliteStore } from "../../state/sqlite.ts";
import type { CliContext } from "../command.ts";
import type { Clouds } from "./clouds.ts";
import type { OwnedDeletion } from "./deletions.ts";
import { openBlobs, openSources } from "./releases.ts";
import { openUploadedStemcells } from "./stemcells.ts";

/** Where things are that may be without use. */
export interface Keeping {
	readonly store: SqliteStore;
	readonly blobs: FolderStore;
	readonly uploaded: ReleaseSources["uploaded"];
	readonly stemcells: UploadedStemcells;
	readonly cacheFolder: string;
}

export async function openKeeping(store: SqliteStore, context: CliContext): Promise<Keeping> {
	const blobs = await openBlobs(context);
	const { uploaded } = openSources(blobs, context);
	const stemcells = openUploadedStemcells(context);
	return { store, blobs, uploaded, stemcells, cacheFolder: join(context.home, "cache") };
}

/** All that is kept on this machine. */
export async function keptHere({
	store,
	blobs,
	uploaded,
	stemcells,
	cacheFolder,
}: Keeping): Promise<Omit<Kept, "images">> {
	return {
		orphans: await store.orphanedDisks(),
		uploaded: await uploaded.list(),
		stemcells: await stemcells.list(),
		compiled: await store.allCompiled(),
		cached: await cachedFiles(cacheFolder),
		blobs: await blobs.list(),
	};
}

/** An image at a cloud, and the CPI that told of it. */
export interface FoundImage extends CloudImage {
	readonly at: Cpi;
}

/** The deletion of an image. */
export function imageDeletion({ cid, cpi, at, os, version, deployment }: FoundImage): OwnedDeletion {
	return { kind: "stemcell", cid, cpi, at, deployment, title: `stemcell ${os}/${version} at ${cpi}` };
}

/** The images of this store at clouds. */
export async function imagesAt(
	clouds: Clouds,
	store: SqliteStore,
	{ signal }: CliContext,
): Promise<readonly FoundImage[]> {
	const found = await Promise.all(
		clouds.all.map(async ({ name: cpi, cpi: cloud }) => {
			const owner = { store: store.uuid };
			const images = cloud.info().can.list ? await listAll(cloud, "image", { owner, signal }) : [];
			return images.map(({ cid, name, owner: { deployment }, sizeMib }) => {
				const [, os = name, version = ""] = /^(.+?)\/(.*)$/s.exec(name) ?? [];
				return { cid, cpi, at: cloud, deployment, os, version, ...(sizeMib ? { sizeMib } : {}) };
			});
		}),
	);
	return found.flat();
}

/** Names of the cache's files that the releases of recorded manifests were downloaded to. */
export function neededDownloads(uses: readonly Use[]): ReadonlySet<string> {
	const requests = uses.flatMap(({ releaseRefs }) => releaseRefs.flatMap((ref) => downloadOf(ref) ?? []));
	return new Set(requests.map(cachedName));
}

/** Removes what goes of what is on this machine. What names blobs goes before them: what is cut short leaves blobs without a name, which go the next time. */
export async function removeHere(
	{
		uploaded,
		stemcells,
		compiled,
		cached,
		blobs,
	}: Pick<Kept, "uploaded" | "stemcells" | "compiled" | "cached" | "blobs">,
	keeping: Keeping,
): Promise<void> {
	for (const { manifest } of uploaded) await keeping.uploaded.remove(manifest.name, manifest.version);
	for (const stemcell of stemcells) await keeping.stemcells.remove(stemcell);
	await keeping.store.deleteCompiled(compiled.map(({ key }) => key));
	for (const file of cached) await removeCached(file);
	for (const blob of blobs) await keeping.blobs.remove(blob);
}

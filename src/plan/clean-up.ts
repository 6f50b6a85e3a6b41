import { compareVersions } from "../release/compare-versions.ts";
import type { CachedFile, StoredBlob } from "../release/kept-files.ts";
import type { TarballIndex } from "../release/tarball.ts";
import type { CompiledPackage, DiskRecord } from "../state/state.ts";
import type { StemcellName } from "../stemcell/stemcell.ts";
import type { UploadedStemcell } from "../stemcell/uploaded.ts";
import { isPackageUsed, type Use, usersOfRelease, usersOfStemcell, usersOfUploaded } from "./uses.ts";

/** BOSH's director keeps so many of what nothing uses, the newest. */
const KEPT = 2;
/** BOSH's director keeps orphaned disks for so long; davit its caches too. */
export const KEPT_DAYS = 5;
const DAY_MS = 86_400_000;

/** An image at a cloud that davit brought there, or refers to. */
export interface CloudImage extends StemcellName {
	readonly cid: string;
	/** Name of its CPI. */
	readonly cpi: string;
	/** The deployment that it was first brought for. */
	readonly deployment: string;
	readonly sizeMib?: number;
}

/** All that may be without use. */
export interface Kept<Image extends CloudImage = CloudImage> {
	readonly orphans: readonly DiskRecord[];
	readonly images: readonly Image[];
	readonly uploaded: readonly TarballIndex[];
	readonly stemcells: readonly UploadedStemcell[];
	readonly compiled: readonly CompiledPackage[];
	readonly cached: readonly CachedFile[];
	readonly blobs: readonly StoredBlob[];
}

export interface CleanUpOptions {
	/** Also the newest of what nothing uses, and what is younger than some days. */
	readonly all: boolean;
	/** Wall clock. */
	readonly now: number;
	/** Names of the cache's files that the recorded releases were downloaded to. */
	readonly downloads: ReadonlySet<string>;
}

/** What goes of all that there is: what no deployment uses. A blob goes when nothing that stays names it. */
export function cleanUp<Image extends CloudImage>(
	kept: Kept<Image>,
	uses: readonly Use[],
	{ all, now, downloads }: CleanUpOptions,
): Kept<Image> {
	const count = all ? 0 : KEPT;
	const isOld = (at: number) => all || at <= now - KEPT_DAYS * DAY_MS;
	const images = beyondNewest(
		kept.images.filter((image) => usersOfStemcell(image, uses).length === 0),
		({ cpi, os }) => `${cpi}\n${os}`,
		(a, b) => compareVersions(b.version, a.version),
		count,
	);
	const uploaded = beyondNewest(
		kept.uploaded.filter(({ manifest }) => usersOfRelease(manifest, uses).length === 0),
		({ manifest }) => manifest.name,
		(a, b) => compareVersions(b.manifest.version, a.manifest.version),
		count,
	);
	const stemcells = beyondNewest(
		kept.stemcells.filter((each) => usersOfUploaded(each, uses).length === 0),
		({ name }) => name,
		(a, b) => compareVersions(b.version, a.version),
		count,
	);
	const compiled = beyondNewest(
		kept.compiled.filter((each) => !isPackageUsed(each, uses)),
		({ about }) => `${about?.release}\n${about?.package}`,
		(a, b) => (b.about?.compiledAt ?? 0) - (a.about?.compiledAt ?? 0),
		count,
	);
	const staying = new Set(kept.uploaded.filter((index) => !uploaded.includes(index)).map(named));
	const cached = kept.cached.filter(({ changedAt, download, release }) => {
		if (!isOld(changedAt)) return false;
		if (download !== undefined) return !downloads.has(download);
		return (
			!release || (!staying.has(`${release.name}/${release.version}`) && usersOfRelease(release, uses).length === 0)
		);
	});
	return {
		orphans: kept.orphans.filter(({ orphanedAt = 0 }) => isOld(orphanedAt)),
		images,
		uploaded,
		stemcells,
		compiled,
		cached,
		blobs: [...freedBlobs(kept, { uploaded, compiled, cached }), ...strayBlobs(kept, now)],
	};
}

type Naming = Pick<Kept, "uploaded" | "compiled" | "cached">;

/** Blobs that nothing names once `going` has gone. */
export function freedBlobs(kept: Naming & Pick<Kept, "blobs">, going: Naming): readonly StoredBlob[] {
	const stays = namedBlobs({
		uploaded: kept.uploaded.filter((each) => !going.uploaded.includes(each)),
		compiled: kept.compiled.filter((each) => !going.compiled.includes(each)),
		cached: kept.cached.filter((each) => !going.cached.includes(each)),
	});
	const goes = namedBlobs(going);
	return kept.blobs.filter(({ digest }) => goes.has(digest) && !stays.has(digest));
}

/** Blobs that nothing names. What names one may be just on its way: it gets a day. */
function strayBlobs(kept: Naming & Pick<Kept, "blobs">, now: number): readonly StoredBlob[] {
	const names = namedBlobs(kept);
	return kept.blobs.filter(({ digest, changedAt }) => !names.has(digest) && changedAt <= now - DAY_MS);
}

function namedBlobs({ uploaded, compiled, cached }: Naming): ReadonlySet<string> {
	return new Set([
		...uploaded.flatMap(({ blobs }) => Object.values(blobs)),
		...compiled.map(({ digest }) => digest),
		...cached.flatMap(({ release }) => release?.blobs ?? []),
	]);
}

function named({ manifest: { name, version } }: TarballIndex): string {
	return `${name}/${version}`;
}

/** Of each group those behind the first `count`. */
function beyondNewest<T>(
	all: readonly T[],
	groupOf: (each: T) => string,
	newestFirst: (a: T, b: T) => number,
	count: number,
): readonly T[] {
	return [...Map.groupBy(all, groupOf).values()].flatMap((group) => [...group].sort(newestFirst).slice(count));
}

/** A line for people, and for programs. */
export interface CleanUpRow {
	readonly kind: "disk" | "stemcell" | "release" | "compiled package" | "cache" | "blobs";
	readonly name: string;
	/** Name of its CPI; absent for what is on this machine. */
	readonly cpi?: string;
	/** Where its size is known. A blob counts for the first that names it. */
	readonly bytes?: number;
}

/** What goes, in lines. */
export function cleanUpRows({
	orphans,
	images,
	uploaded,
	stemcells,
	compiled,
	cached,
	blobs,
}: Kept): readonly CleanUpRow[] {
	const left = new Map<string, number>(blobs.map(({ digest, size }) => [digest, size]));
	const take = (digests: readonly string[]) =>
		digests.reduce((sum, digest) => {
			const size = left.get(digest) ?? 0;
			left.delete(digest);
			return sum + size;
		}, 0);
	const files = cached.reduce((sum, { size }) => sum + size, 0);
	const rows: CleanUpRow[] = [
		...orphans.map(({ cid, instanceName, deployment, cpi, sizeMib }) => ({
			...({ kind: "disk", name: `${cid} of ${instanceName} of ${deployment}`, cpi, bytes: sizeMib * 2 ** 20 } as const),
		})),
		...images.map(({ os, version, cpi, sizeMib }) => ({
			...({ kind: "stemcell", name: `${os}/${version}`, cpi } as const),
			...(sizeMib === undefined ? {} : { bytes: sizeMib * 2 ** 20 }),
		})),
		...stemcells.map(({ name, version, size }) => ({
			...({ kind: "stemcell", name: `${name}/${version}`, bytes: size } as const),
		})),
		...uploaded.map((index) => ({
			...({ kind: "release", name: named(index), bytes: take(Object.values(index.blobs)) } as const),
		})),
		...compiled.map(({ key, digest, about }) => ({
			kind: "compiled package" as const,
			name: about ? `${about.release}/${about.package} for ${about.stemcell.os}/${about.stemcell.version}` : key,
			bytes: take([digest]),
		})),
		...(cached.length === 0
			? []
			: [
					{
						kind: "cache" as const,
						name: "downloads, and what was found in tarballs",
						bytes: files + take(cached.flatMap(({ release }) => release?.blobs ?? [])),
					},
				]),
	];
	const strays = [...left.keys()];
	const rest = { kind: "blobs", name: "that nothing names any more", bytes: take(strays) } as const;
	return strays.length === 0 ? rows : [...rows, rest];
}

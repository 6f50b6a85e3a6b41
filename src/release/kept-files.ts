import type { PackageDigest } from "./files.ts";

/** A blob that is in the store. */
export interface StoredBlob {
	readonly digest: PackageDigest;
	/** Bytes. */
	readonly size: number;
	/** Wall clock, ms since 1970. */
	readonly changedAt: number;
}

/** A file of the cache: a download, or what was found in a release's tarball. */
export interface CachedFile {
	readonly path: string;
	/** Bytes. */
	readonly size: number;
	/** Wall clock, ms since 1970. */
	readonly changedAt: number;
	/** Of a download, or of a part of one: the name of the whole one's file. */
	readonly download?: string;
	/** Of an index: which release's, and the blobs that it names. */
	readonly release?: { readonly name: string; readonly version: string; readonly blobs: readonly PackageDigest[] };
}

import type { Readable } from "node:stream";
import type { PackageStore, ReleaseFiles } from "./files.ts";
import type { TarballIndex } from "./tarball.ts";

/** The port through which releases are reached: disk, network, and what is remembered of earlier readings. */
export interface ReleaseSources {
	readonly blobs: PackageStore;
	/** Path of the file behind an http(s) URL, downloaded and checked if it isn't in the cache. */
	fetch(url: string, expected: { readonly checksum?: string; readonly identity: string }): Promise<string>;
	/** Releases that are kept whole on this machine, as `davit upload-release` does. */
	readonly uploaded: {
		get(name: string, version: string): Promise<TarballIndex | undefined>;
		/** All, in no order that means anything. */
		list(): Promise<readonly TarballIndex[]>;
		/** Keeps one, also in the place of one with the same name and version. */
		put(index: TarballIndex): Promise<void>;
		/** Forgets one; its packages are the caller's. Absent is success. */
		remove(name: string, version: string): Promise<void>;
	};
	kindOf(path: string): Promise<"folder" | "file" | undefined>;
	/** A release folder, with the blobs that its `config/blobs.yml` names where they can be got. */
	folder(path: string): Promise<ReleaseFiles>;
	/** The index of a tarball: the one kept from an earlier reading of the same unchanged file, else what `read` makes of its bytes once they agree with the checksum. */
	tarball(
		path: string,
		checksum: string | undefined,
		read: (body: Readable) => Promise<TarballIndex>,
	): Promise<TarballIndex>;
}

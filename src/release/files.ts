import type { Readable } from "node:stream";

/** What a path is, symlinks not followed. */
export interface FileStat {
	readonly kind: "file" | "directory" | "symlink";
	/** Any executable bit is set; on a symlink always true, as Linux's lstat answers. */
	readonly executable: boolean;
	/** Bytes. */
	readonly size: number;
}

/** A tree of files, read only. Paths are relative to its top and separated by `/`; what is absent rejects unless said otherwise. */
export interface FileTree {
	/** How the user knows the tree, for messages: its folder. */
	readonly name: string;
	/** Names in a folder, sorted. Empty if there is no such folder. */
	list(path: string): Promise<readonly string[]>;
	stat(path: string): Promise<FileStat | undefined>;
	/** Follows symlinks. */
	read(path: string): Promise<Buffer>;
	/** Follows symlinks. */
	open(path: string): Promise<Readable>;
	/** `sha256:HEX` of a file's bytes, where it is known without reading them. */
	knownDigest?(path: string): string | undefined;
	/** The target as written. */
	readLink(path: string): Promise<string>;
}

/** A tree that exists for a while, such as a staging folder. */
export interface TemporaryTree extends FileTree {
	remove(): Promise<void>;
}

/** A release folder: its tree, where blobs that the release names stand under `blobs/`, and what only the machine can do. */
export interface ReleaseFiles extends FileTree {
	/** Blobs of `config/blobs.yml` that could not be got, for the message when a package needs one. */
	readonly absentBlobs: readonly AbsentBlob[];
	/** A blob of a blob store with `provider: local`; undefined if it is absent. A relative store folder counts from the release folder. */
	openLocalBlob(
		storeFolder: string,
		id: string,
	): Promise<{ readonly url: string; readonly body: Readable } | undefined>;
	/** Copies the members into a new folder and runs the script there with `bash -x`, with BUILD_DIR and RELEASE_DIR, as BOSH does. */
	prePackage(members: readonly PackageMember[], script: string, owner: string): Promise<TemporaryTree>;
}

export interface AbsentBlob {
	/** Below `blobs/`. */
	readonly path: string;
	/** What follows the path in a sentence. */
	readonly why: string;
}

/** Where package archives lie once their tarball was read: by their digest. A blob store is one. */
export interface PackageStore {
	put(body: Readable): Promise<{ readonly digest: PackageDigest; readonly size: number }>;
	open(digest: PackageDigest): Promise<Readable>;
}

export type PackageDigest = `sha256:${string}`;

/** One file of an archive that is made from a tree. */
export interface PackageMember {
	/** Where it stands in the archive. */
	readonly path: string;
	/** Where it stands in the tree. */
	readonly source: string;
	readonly kind: "file" | "symlink";
	readonly executable: boolean;
	readonly size: number;
}

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
	/** The target as written. */
	readLink(path: string): Promise<string>;
}

/** A tree that exists for a while, such as a staging folder. */
export interface TemporaryTree extends FileTree {
	remove(): Promise<void>;
}

/** A release folder: its tree, where blobs that the release names stand under `blobs/`, and what only the machine can do. */
export interface ReleaseFiles extends FileTree {
	/** A blob of a blob store with `provider: local`; undefined if it is absent. A relative store folder counts from the release folder. */
	openLocalBlob(
		storeFolder: string,
		id: string,
	): Promise<{ readonly url: string; readonly body: Readable } | undefined>;
	/** Copies the members into a new folder and runs the script there with `bash -x`, with BUILD_DIR and RELEASE_DIR, as BOSH does. */
	prePackage(members: readonly PackageMember[], script: string, owner: string): Promise<TemporaryTree>;
}

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

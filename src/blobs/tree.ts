import { createReadStream } from "node:fs";
import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import type { FileStat, FileTree } from "../release/files.ts";

/**
 * A folder on disk as a tree. `overlay` adds files that lie elsewhere (absolute paths, by their path in the tree), such as blobs in the
 * cache, without writing into the folder.
 */
export function diskTree(folder: string, overlay: ReadonlyMap<string, string> = new Map()): FileTree {
	const locate = (path: string): string => overlay.get(path) ?? join(folder, path);
	const overlaid = (path: string): string[] => {
		const below = path === "" ? "" : `${path}/`;
		return [...overlay.keys()]
			.filter((key) => key.startsWith(below))
			.map((key) => key.slice(below.length).split("/")[0] as string);
	};
	return {
		name: folder,
		list: async (path) => {
			const names = await orAbsent(readdir(join(folder, path)));
			return [...new Set([...(names ?? []), ...overlaid(path)])].sort();
		},
		stat: async (path) => {
			const found = await orAbsent(lstat(locate(path)));
			if (found) return statOf(found);
			return overlaid(path).length > 0 ? { kind: "directory", executable: true, size: 0 } : undefined;
		},
		read: (path) => readFile(locate(path)),
		open: async (path) => createReadStream(locate(path)),
		readLink: (path) => readlink(locate(path)),
	};
}

function statOf(stat: Awaited<ReturnType<typeof lstat>>): FileStat {
	const kind = stat.isSymbolicLink() ? "symlink" : stat.isDirectory() ? "directory" : "file";
	return { kind, executable: (Number(stat.mode) & 0o111) !== 0, size: Number(stat.size) };
}

async function orAbsent<T>(result: Promise<T>): Promise<T | undefined> {
	try {
		return await result;
	} catch (error) {
		if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
		throw error;
	}
}

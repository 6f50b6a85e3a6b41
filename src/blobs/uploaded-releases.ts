import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import type { ReleaseSources } from "../release/sources.ts";
import type { TarballIndex } from "../release/tarball.ts";

/** Changes when what an index holds does: an older davit's is not read, and has to be uploaded again. */
const FORMAT = 1;

/** Releases kept in a folder, which is made when the first comes: their indexes, by name and version. Their packages are in the blob store. */
export function uploadedReleases(folder: string): ReleaseSources["uploaded"] {
	const fileOf = (name: string, version: string) =>
		join(folder, `${encodeURIComponent(name)}@${encodeURIComponent(version)}.json`);
	const read = async (file: string): Promise<TarballIndex | undefined> => {
		const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
			if (error.code === "ENOENT") return undefined;
			throw error;
		});
		const kept = text === undefined ? undefined : (JSON.parse(text) as { format: number; index: TarballIndex });
		return kept?.format === FORMAT ? kept.index : undefined;
	};
	return {
		get: (name, version) => read(fileOf(name, version)),
		list: async () => {
			const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
				if (error.code === "ENOENT") return [];
				throw error;
			});
			const all = await Promise.all(
				names.filter((name) => name.endsWith(".json")).map((name) => read(join(folder, name))),
			);
			return all.filter((index) => index !== undefined);
		},
		put: async (index) => {
			const file = fileOf(index.manifest.name, index.manifest.version);
			await mkdir(folder, { recursive: true, mode: 0o700 });
			const incoming = `${file}.${process.pid}`;
			await writeFile(incoming, JSON.stringify({ format: FORMAT, index }), { flush: true });
			await rename(incoming, file);
		},
		remove: (name, version) => rm(fileOf(name, version), { force: true }),
	};
}

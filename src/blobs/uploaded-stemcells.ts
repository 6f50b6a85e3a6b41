import { copyFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import type { BoshStemcell } from "../stemcell/bosh/archive.ts";
import type { UploadedStemcell } from "../stemcell/uploaded.ts";

/** Changes when what is noted of a stemcell does: an older davit's is not read, and has to be uploaded again. */
const FORMAT = 1;

export interface UploadedStemcells {
	/** All, in no order that means anything. */
	list(): Promise<readonly UploadedStemcell[]>;
	/** Keeps a copy of the tarball, also in the place of one with the same name and version. */
	put(stemcell: BoshStemcell, tarball: string): Promise<void>;
	/** Absent is success. */
	remove(stemcell: Pick<UploadedStemcell, "name" | "version">): Promise<void>;
}

/** Stemcells kept in a folder, which is made when the first comes: each a tarball, and a note of what it is. */
export function uploadedStemcells(folder: string): UploadedStemcells {
	const pathOf = ({ name, version }: Pick<UploadedStemcell, "name" | "version">, ending: string) =>
		join(folder, `${encodeURIComponent(name)}@${encodeURIComponent(version)}.${ending}`);
	const read = async (note: string): Promise<readonly UploadedStemcell[]> => {
		const { format, stemcell } = JSON.parse(await readFile(note, "utf8")) as Note;
		if (format !== FORMAT) return [];
		const file = pathOf(stemcell, "tgz");
		// What was cut short in between has no tarball.
		const found = await stat(file).catch(() => undefined);
		return found ? [{ ...stemcell, file, size: found.size }] : [];
	};
	return {
		list: async () => {
			const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
				if (error.code === "ENOENT") return [];
				throw error;
			});
			const notes = names.filter((name) => name.endsWith(".json")).sort();
			return (await Promise.all(notes.map((name) => read(join(folder, name))))).flat();
		},
		put: async ({ name, os, version, formats, light, sha1 }, tarball) => {
			const stemcell = { name, os, version, formats, light, sha1 };
			await mkdir(folder, { recursive: true, mode: 0o700 });
			const [file, note] = [pathOf(stemcell, "tgz"), pathOf(stemcell, "json")];
			try {
				await copyFile(tarball, `${file}.${process.pid}`);
				await writeFile(`${note}.${process.pid}`, JSON.stringify({ format: FORMAT, stemcell }), { flush: true });
				await rename(`${file}.${process.pid}`, file);
				await rename(`${note}.${process.pid}`, note);
			} finally {
				for (const path of [file, note]) await rm(`${path}.${process.pid}`, { force: true });
			}
		},
		remove: async (stemcell) => {
			for (const ending of ["json", "tgz"]) await rm(pathOf(stemcell, ending), { force: true });
		},
	};
}

interface Note {
	readonly format: number;
	readonly stemcell: Omit<UploadedStemcell, "file" | "size">;
}

import { open, readFile, rm, stat, unlink, writeFile } from "node:fs/promises";
import { isRunning } from "../running-process.ts";

/** What a download that was cut short left: its bytes, and the validator that a server must confirm before it goes on. */
export interface PartFile {
	readonly path: string;
	/** Bytes that are there. */
	readonly size: number;
	/** Strong ETag or Last-Modified. */
	readonly validator: string | undefined;
}

export async function readPart(path: string): Promise<PartFile> {
	const validator = await readFile(noteOf(path), "utf8").catch(() => undefined);
	const size = await stat(path).then(
		(found) => found.size,
		() => 0,
	);
	return { path, size, validator };
}

/** Remembers how to go on with a part later; undefined: it can't be continued. */
export async function notePart(path: string, validator: string | undefined): Promise<void> {
	if (validator === undefined) await rm(noteOf(path), { force: true });
	else await writeFile(noteOf(path), validator);
}

export async function removePart(path: string): Promise<void> {
	await rm(path, { force: true });
	await rm(noteOf(path), { force: true });
}

/**
 * Claims a part file for this process, so that two downloads of one URL don't write into each other. Undefined if another process that
 * is alive holds it.
 */
export async function claimPart(path: string): Promise<{ release(): Promise<void> } | undefined> {
	const lock = `${path}.lock`;
	for (let attempt = 0; attempt < 2; attempt++) {
		try {
			const file = await open(lock, "wx");
			await file.writeFile(String(process.pid));
			await file.close();
			return { release: () => rm(lock, { force: true }) };
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
			const holder = Number(await readFile(lock, "utf8").catch(() => ""));
			// No pid yet: the lock is being written.
			if (holder === 0 || isRunning(holder)) return undefined;
			await unlink(lock).catch(() => {});
		}
	}
	return undefined;
}

function noteOf(path: string): string {
	return `${path}.validator`;
}

import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import type { Owner } from "../../src/cpi/cpi.ts";

/** A short name that is always the same for the same text, whatever that holds. */
export function shortDigest(text: string): string {
	return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

/** Which network folder belongs to a deployment of a store. */
export function networkId(owner: Owner): string {
	return shortDigest(JSON.stringify([owner.store, owner.deployment]));
}

/** The record of a thing, or undefined if there is none (or it was never wholly written). */
export function readRecord<Kept>(path: string): Kept | undefined {
	try {
		return JSON.parse(readFileSync(path, "utf8")) as Kept;
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
		throw error;
	}
}

/** Writes a file, with the folders that it lies in, so that readers see the old text or the new one, also after a crash. Only its owner may read it. */
function writeWhole(path: string, text: string): void {
	mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
	writeInside(path, text);
}

/** The same in a folder that must be there: a davit that slept while its VM was deleted must not bring the folder back. */
export function writeInside(path: string, text: string): void {
	const fresh = `${path}.${process.pid}.new`;
	writeFileSync(fresh, text, { mode: 0o600, flush: true });
	renameSync(fresh, path);
}

/** Writes a thing's record. */
export function writeRecord(path: string, record: unknown): void {
	writeWhole(path, `${JSON.stringify(record, undefined, "\t")}\n`);
}

/**
 * Makes a thing's folder with its record in it, and with an empty folder `inside`, at once: whoever is killed leaves no folder without a
 * record. What is there already gets the record.
 */
export function makeFolder(path: string, file: string, record: unknown, inside?: { name: string; mode: number }): void {
	const fresh = join(dirname(path), `.new-${process.pid}-${basename(path)}`);
	rmSync(fresh, { recursive: true, force: true });
	writeRecord(join(fresh, file), record);
	if (inside) mkdirSync(join(fresh, inside.name), { mode: inside.mode });
	try {
		renameSync(fresh, path);
	} catch (error) {
		rmSync(fresh, { recursive: true, force: true });
		if (!["ENOTEMPTY", "EEXIST"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
		writeRecord(join(path, file), record);
		if (inside) mkdirSync(join(path, inside.name), { recursive: true, mode: inside.mode });
	}
}

/** Removes a thing's folder in which only its record is left: at once, as others see it. */
export function dropFolder(path: string): void {
	const gone = join(dirname(path), `.gone-${basename(path)}`);
	rmSync(gone, { recursive: true, force: true });
	renameSync(path, gone);
	rmSync(gone, { recursive: true, force: true });
}

/** Removes what `makeFolder` and `dropFolder` left when they were killed. */
export function sweep(folder: string): void {
	for (const name of namesIn(folder)) {
		const [, pid] = /^\.new-(\d+)-/.exec(name) ?? [];
		if (name.startsWith(".gone-") || (pid !== undefined && !isRunning(Number(pid))))
			rmSync(join(folder, name), { recursive: true, force: true });
	}
}

function isRunning(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		return (error as NodeJS.ErrnoException).code === "EPERM";
	}
}

/** All records `FOLDER/<name>/<file>`, in the order of the names. */
export function readRecords<Kept>(folder: string, file: string): readonly Kept[] {
	const names = namesIn(folder).filter((name) => !name.startsWith("."));
	return names.map((name) => readRecord<Kept>(join(folder, name, file))).filter((record) => record !== undefined);
}

function namesIn(folder: string): readonly string[] {
	try {
		return readdirSync(folder).sort();
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
		throw error;
	}
}

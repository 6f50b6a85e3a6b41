import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
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

/** All records `FOLDER/<name>/<file>`, in the order of the names. */
export function readRecords<Kept>(folder: string, file: string): readonly Kept[] {
	let names: string[];
	try {
		names = readdirSync(folder).sort();
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
		throw error;
	}
	return names.map((name) => readRecord<Kept>(join(folder, name, file))).filter((record) => record !== undefined);
}

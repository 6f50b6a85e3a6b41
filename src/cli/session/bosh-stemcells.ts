import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import type { StemcellImage } from "../../cpi/cpi.ts";
import { type BoshStemcell, readBoshStemcell } from "../../stemcell/bosh/archive.ts";
import { stemcellDisk, stemcellImage } from "../../stemcell/bosh/image.ts";

/** Raised when what is kept of a stemcell changes. */
const FORMAT = 1;

/** What a stemcell's file holds. It takes seconds to read, so that is kept in the folder for as long as the file stays as it is. */
export async function keptBoshStemcell(file: string, folder: string): Promise<BoshStemcell> {
	const { dev, ino, size, mtimeNs } = await stat(file, { bigint: true });
	const identity = [FORMAT, file, dev, ino, size, mtimeNs].join("\n");
	const kept = join(folder, `${createHash("sha256").update(identity).digest("hex")}.json`);
	const text = await readFile(kept, "utf8").catch(() => undefined);
	if (text !== undefined) return JSON.parse(text) as BoshStemcell;
	const stemcell = await readBoshStemcell(createReadStream(file), file);
	await mkdir(folder, { recursive: true });
	await writeFile(`${kept}.${process.pid}`, JSON.stringify(stemcell));
	await rename(`${kept}.${process.pid}`, kept);
	return stemcell;
}

/** What `createStemcell` takes of it: a heavy one's disk is read out of the archives that it lies in. */
export function boshImage(stemcell: BoshStemcell, file: string): Pick<StemcellImage, "cloudProperties" | "open"> {
	const { cloudProperties, light } = stemcell;
	if (light) return { cloudProperties };
	const open = async () => stemcellDisk(stemcellImage(createReadStream(file), stemcell, file), stemcell, file).disk;
	return { cloudProperties, open };
}

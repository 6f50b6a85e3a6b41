import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Owner } from "../../src/cpi/cpi.ts";
import type { Command } from "./virsh.ts";

/**
 * What is kept of a disk, a snapshot or an image. A volume of libvirt's holds no metadata, so a small volume beside it does:
 * `NAME.GENERATION.NONCE.json`. A change writes the next generation and deletes the old ones; a torn one doesn't parse, and
 * the generation before it counts.
 */
export interface VolumeRecord {
	readonly key: string;
	readonly owner: Owner;
	readonly sizeMib: number;
	readonly metadata: Readonly<Record<string, string>>;
	/** False until its contents are there. */
	readonly complete: boolean;
	/** Of a snapshot. */
	readonly disk?: string;
	/** Of an image. */
	readonly image?: {
		readonly os: string;
		readonly version: string;
		/** What overlays are made on: a volume of the pool, or a path. */
		readonly backing: string;
		readonly format: string;
		readonly virtualBytes: number;
		/** davit brought it, and takes it away. */
		readonly heavy: boolean;
	};
}

const VOLUME = /^((?:disk|snapshot|stemcell)-[0-9a-f]{15})\.(\d+)\.[0-9a-f]{8}\.json$/;

/** The volumes that hold records, by the name that they are about, the newest first. */
export function recordVolumes(volumes: Iterable<string>): ReadonlyMap<string, readonly string[]> {
	const found = new Map<string, { volume: string; generation: number }[]>();
	for (const volume of volumes) {
		const [, name, generation] = VOLUME.exec(volume) ?? [];
		if (name !== undefined) found.set(name, [...(found.get(name) ?? []), { volume, generation: Number(generation) }]);
	}
	const newestFirst = (list: { volume: string; generation: number }[]) =>
		list.sort((a, b) => b.generation - a.generation || (a.volume < b.volume ? 1 : -1)).map(({ volume }) => volume);
	return new Map([...found].map(([name, list]) => [name, newestFirst(list)]));
}

/** The record that the bytes of a record's volume hold; undefined if they are torn. */
export function parseRecord(text: string): VolumeRecord | undefined {
	try {
		return JSON.parse(text) as VolumeRecord;
	} catch {
		return undefined;
	}
}

/** Commands that write a record as the next generation and delete those before; `folder` holds its text until they have run. */
export async function writeRecordCommands(
	folder: string,
	pool: string,
	name: string,
	record: VolumeRecord,
	before: readonly string[],
): Promise<readonly Command[]> {
	const generation = Number(VOLUME.exec(before[0] ?? "")?.[2] ?? 0) + 1;
	const volume = `${name}.${generation}.${randomBytes(4).toString("hex")}.json`;
	const text = JSON.stringify(record);
	const file = join(folder, volume);
	await writeFile(file, text, { mode: 0o600 });
	return [
		["vol-create-as", pool, volume, `${Buffer.byteLength(text)}B`, "--format", "raw"],
		["vol-upload", "--pool", pool, "--vol", volume, "--file", file],
		...before.map((old) => ["vol-delete", "--pool", pool, "--vol", old]),
	];
}

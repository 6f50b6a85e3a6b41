const SECTOR = 2048;
/** Sectors: 16 of system area, the volume descriptor, its terminator, two path tables, the root directory, other folders. */
const PRIMARY = 16;
const LITTLE_PATHS = 18;
const BIG_PATHS = 19;
const ROOT = 20;

/** ECMA-119 7.3.3: a number in both byte orders. */
function both32(value: number): Buffer {
	const bytes = Buffer.alloc(8);
	bytes.writeUInt32LE(value, 0);
	bytes.writeUInt32BE(value, 4);
	return bytes;
}

/** ECMA-119 7.2.3. */
function both16(value: number): Buffer {
	const bytes = Buffer.alloc(4);
	bytes.writeUInt16LE(value, 0);
	bytes.writeUInt16BE(value, 2);
	return bytes;
}

/** An entry of the system use area (SUSP, IEEE P1281): signature, length, version 1, payload. */
function systemUse(signature: string, payload: Buffer): Buffer {
	return Buffer.concat([Buffer.from(signature), Buffer.from([payload.length + 4, 1]), payload]);
}

/** Rock Ridge (IEEE P1282): POSIX mode and links, owned by root. */
function posix(mode: number, links: number): Buffer {
	return systemUse("PX", Buffer.concat([both32(mode), both32(links), both32(0), both32(0)]));
}

/** ECMA-119 9.1: a directory record. All times are 1 January 1970, so that the same files give the same bytes. */
function record(name: Buffer, sector: number, size: number, isFolder: boolean, use: Buffer): Buffer {
	const padded = name.length % 2 === 0 ? Buffer.concat([name, Buffer.alloc(1)]) : name;
	const length = 33 + padded.length + use.length;
	const head = Buffer.concat([
		Buffer.from([length + (length % 2), 0]),
		both32(sector),
		both32(size),
		Buffer.from([70, 1, 1, 0, 0, 0, 0, isFolder ? 2 : 0, 0, 0]),
		both16(1),
		Buffer.from([name.length]),
	]);
	return Buffer.concat([head, padded, use, Buffer.alloc(length % 2)]);
}

const sectors = (size: number) => Math.ceil(size / SECTOR);

function padTo(bytes: Buffer, size: number): Buffer {
	return Buffer.concat([bytes, Buffer.alloc(size - bytes.length)]);
}

/** ECMA-119 8.4: what the volume is called and where its root is. */
function primaryDescriptor(label: string, count: number, pathTableSize: number): Buffer {
	const bytes = Buffer.alloc(SECTOR);
	bytes.fill(" ", 8, 72);
	bytes.fill(" ", 190, 813);
	bytes.set(Buffer.from("\x01CD001\x01"));
	bytes.write(label, 40);
	bytes.set(both32(count), 80);
	bytes.set(both16(1), 120);
	bytes.set(both16(1), 124);
	bytes.set(both16(SECTOR), 128);
	bytes.set(both32(pathTableSize), 132);
	bytes.writeUInt32LE(LITTLE_PATHS, 140);
	bytes.writeUInt32BE(BIG_PATHS, 148);
	bytes.set(record(Buffer.from([0]), ROOT, SECTOR, true, Buffer.alloc(0)), 156);
	for (const time of [813, 830, 847, 864]) bytes.write("0".repeat(16), time);
	bytes[881] = 1;
	return bytes;
}

const parentOf = (path: string) => (path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "");
const nameOf = (path: string) => path.slice(path.lastIndexOf("/") + 1);

/** The folders that the paths lie in, each after its parent; the root, "", is the first. */
function foldersOf(paths: readonly string[]): readonly string[] {
	const all = new Set([""]);
	for (const path of paths) for (let at = parentOf(path); at !== ""; at = parentOf(at)) all.add(at);
	const depth = (path: string) => (path === "" ? 0 : path.split("/").length);
	return [...all].sort((one, other) => depth(one) - depth(other) || (one < other ? -1 : 1));
}

/** The name of the nth folder for who reads no Rock Ridge; so many digits that numbers and names are in one order. */
function plainName(index: number): Buffer {
	return index === 0 ? Buffer.from([0]) : Buffer.from(`DIR${String(index).padStart(5, "0")}`);
}

/** ECMA-119 9.4: every folder, its sector and its parent's number. */
function pathTable(folders: readonly string[], bigEndian: boolean): Buffer {
	const entries = folders.map((path, index) => {
		const name = plainName(index);
		const bytes = Buffer.alloc(8 + name.length + (name.length % 2));
		const parent = folders.indexOf(parentOf(path)) + 1;
		bytes[0] = name.length;
		if (bigEndian) {
			bytes.writeUInt32BE(ROOT + index, 2);
			bytes.writeUInt16BE(parent, 6);
		} else {
			bytes.writeUInt32LE(ROOT + index, 2);
			bytes.writeUInt16LE(parent, 6);
		}
		bytes.set(name, 8);
		return bytes;
	});
	return Buffer.concat(entries);
}

const ROCK_RIDGE = {
	begins: systemUse("SP", Buffer.from([0xbe, 0xef, 0])),
	extension: systemUse("ER", Buffer.concat([Buffer.from([10, 0, 0, 1]), Buffer.from("RRIP_1991A")])),
};

function posixName(name: string): Buffer {
	return systemUse("NM", Buffer.concat([Buffer.from([0]), Buffer.from(name)]));
}

interface Extent {
	readonly path: string;
	readonly sector: number;
	readonly size: number;
}

/** One folder: itself, its parent, the folders and files in it. */
function folderSector(path: string, folders: readonly string[], files: readonly Extent[]): Buffer {
	const sectorOf = (folder: string) => ROOT + folders.indexOf(folder);
	const folder = posix(0o040555, 2);
	const own = path === "" ? Buffer.concat([ROCK_RIDGE.begins, folder, ROCK_RIDGE.extension]) : folder;
	const inside = (other: string) => other !== "" && parentOf(other) === path;
	const bytes = Buffer.concat([
		record(Buffer.from([0]), sectorOf(path), SECTOR, true, own),
		record(Buffer.from([1]), sectorOf(parentOf(path)), SECTOR, true, folder),
		...folders.flatMap((child, index) => {
			const use = Buffer.concat([folder, posixName(nameOf(child))]);
			return inside(child) ? [record(plainName(index), ROOT + index, SECTOR, true, use)] : [];
		}),
		...files.flatMap((file, index) => {
			const name = Buffer.from(`FILE${String(index).padStart(4, "0")}.;1`);
			const use = Buffer.concat([posix(0o100444, 1), posixName(nameOf(file.path))]);
			return inside(file.path) ? [record(name, file.sector, file.size, false, use)] : [];
		}),
	]);
	if (bytes.length > SECTOR) throw new Error(`a folder of ${files.length} files does not fit into one sector`);
	return padTo(bytes, SECTOR);
}

/**
 * A CD-ROM image (ECMA-119 with Rock Ridge names) of a few files, by their paths: the directory of each folder fits into one sector.
 * Label and paths are ASCII.
 */
export function isoImage(label: string, files: Readonly<Record<string, string>>): Buffer {
	const paths = Object.keys(files).sort();
	const folders = foldersOf(paths);
	const contents = paths.map((path) => Buffer.from(files[path] ?? ""));
	let next = ROOT + folders.length;
	const extents = paths.map((path, index) => {
		const size = contents[index]?.length ?? 0;
		const extent = { path, sector: next, size };
		next += sectors(size);
		return extent;
	});
	const [little, big] = [pathTable(folders, false), pathTable(folders, true)];
	const terminator = padTo(Buffer.from("\xffCD001\x01", "latin1"), SECTOR);
	return Buffer.concat([
		Buffer.alloc(PRIMARY * SECTOR),
		primaryDescriptor(label, next, little.length),
		terminator,
		padTo(little, SECTOR),
		padTo(big, SECTOR),
		...folders.map((path) => folderSector(path, folders, extents)),
		...contents.map((bytes) => padTo(bytes, sectors(bytes.length) * SECTOR)),
	]);
}

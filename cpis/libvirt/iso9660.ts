const SECTOR = 2048;
/** Sectors: 16 of system area, the volume descriptor, its terminator, two path tables, the root directory. */
const PRIMARY = 16;
const LITTLE_PATHS = 18;
const BIG_PATHS = 19;
const ROOT = 20;
const FIRST_FILE = 21;

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
function primaryDescriptor(label: string, count: number): Buffer {
	const bytes = Buffer.alloc(SECTOR);
	bytes.fill(" ", 8, 72);
	bytes.fill(" ", 190, 813);
	bytes.set(Buffer.from("\x01CD001\x01"));
	bytes.write(label, 40);
	bytes.set(both32(count), 80);
	bytes.set(both16(1), 120);
	bytes.set(both16(1), 124);
	bytes.set(both16(SECTOR), 128);
	bytes.set(both32(10), 132);
	bytes.writeUInt32LE(LITTLE_PATHS, 140);
	bytes.writeUInt32BE(BIG_PATHS, 148);
	bytes.set(record(Buffer.from([0]), ROOT, SECTOR, true, Buffer.alloc(0)), 156);
	for (const time of [813, 830, 847, 864]) bytes.write("0".repeat(16), time);
	bytes[881] = 1;
	return bytes;
}

/** ECMA-119 9.4: the table's only entry, the root. */
function pathTable(bigEndian: boolean): Buffer {
	const bytes = Buffer.alloc(SECTOR);
	bytes[0] = 1;
	if (bigEndian) {
		bytes.writeUInt32BE(ROOT, 2);
		bytes.writeUInt16BE(1, 6);
	} else {
		bytes.writeUInt32LE(ROOT, 2);
		bytes.writeUInt16LE(1, 6);
	}
	return bytes;
}

/**
 * A CD-ROM image (ECMA-119 with Rock Ridge names) of a few files in one folder: their directory fits into one sector.
 * Label and names are ASCII.
 */
export function isoImage(label: string, files: Readonly<Record<string, string>>): Buffer {
	const names = Object.keys(files).sort();
	const contents = names.map((name) => Buffer.from(files[name] ?? ""));
	let next = FIRST_FILE;
	const starts = contents.map(({ length }) => {
		const start = next;
		next += sectors(length);
		return start;
	});
	const rockRidge = Buffer.concat([
		systemUse("SP", Buffer.from([0xbe, 0xef, 0])),
		posix(0o040555, 2),
		systemUse("ER", Buffer.concat([Buffer.from([10, 0, 0, 1]), Buffer.from("RRIP_1991A")])),
	]);
	const records = names.map((name, index) => {
		const use = Buffer.concat([
			posix(0o100444, 1),
			systemUse("NM", Buffer.concat([Buffer.from([0]), Buffer.from(name)])),
		]);
		return record(Buffer.from(`FILE${index}.;1`), starts[index] ?? 0, contents[index]?.length ?? 0, false, use);
	});
	const root = Buffer.concat([
		record(Buffer.from([0]), ROOT, SECTOR, true, rockRidge),
		record(Buffer.from([1]), ROOT, SECTOR, true, posix(0o040555, 2)),
		...records,
	]);
	if (root.length > SECTOR) throw new Error(`a folder of ${names.length} files does not fit into one sector`);
	const terminator = padTo(Buffer.from("\xffCD001\x01", "latin1"), SECTOR);
	return Buffer.concat([
		Buffer.alloc(PRIMARY * SECTOR),
		primaryDescriptor(label, next),
		terminator,
		pathTable(false),
		pathTable(true),
		padTo(root, SECTOR),
		...contents.map((bytes) => padTo(bytes, sectors(bytes.length) * SECTOR)),
	]);
}

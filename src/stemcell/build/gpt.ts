import { crc32 } from "node:zlib";
import { type Layout, type Partition, SECTOR } from "./layout.ts";

const ENTRIES = 128;
const ENTRY_BYTES = 128;
const TABLE_SECTORS = (ENTRIES * ENTRY_BYTES) / SECTOR;
const HEADER_BYTES = 92;

/** Where the table's bytes go: each part with its first sector. */
export interface DiskPart {
	readonly sector: number;
	readonly bytes: Buffer;
}

/**
 * The GUID partition table of a disk (UEFI specification 2.10, chapter 5): protective MBR, header and entries, and their backups at the end.
 * `uuidOf` gives the disk's and the partitions' own identifiers.
 */
export function gptOf(layout: Layout, uuidOf: (name: string) => string): readonly DiskPart[] {
	const { sectors } = layout;
	const entries = Buffer.alloc(ENTRIES * ENTRY_BYTES);
	for (const partition of [layout.bios, layout.esp, layout.root])
		entryOf(partition, uuidOf(partition.name)).copy(entries, (partition.number - 1) * ENTRY_BYTES);
	const disk = uuidOf("disk");
	const first = headerOf({ sectors, entries, disk, at: 1, backup: sectors - 1, table: 2 });
	const table = sectors - 1 - TABLE_SECTORS;
	const last = headerOf({ sectors, entries, disk, at: sectors - 1, backup: 1, table });
	return [
		{ sector: 0, bytes: protectiveMbr(sectors) },
		{ sector: 1, bytes: first },
		{ sector: 2, bytes: entries },
		{ sector: table, bytes: entries },
		{ sector: sectors - 1, bytes: last },
	];
}

function protectiveMbr(sectors: number): Buffer {
	const mbr = Buffer.alloc(SECTOR);
	const entry = Buffer.from([0, 0, 2, 0, 0xee, 0xff, 0xff, 0xff]);
	entry.copy(mbr, 446);
	mbr.writeUInt32LE(1, 454);
	mbr.writeUInt32LE(Math.min(sectors - 1, 0xffffffff), 458);
	mbr.writeUInt16BE(0x55aa, 510);
	return mbr;
}

function entryOf({ type, start, sectors, name }: Partition, uuid: string): Buffer {
	const entry = Buffer.alloc(ENTRY_BYTES);
	guid(type).copy(entry, 0);
	guid(uuid).copy(entry, 16);
	entry.writeBigUInt64LE(BigInt(start), 32);
	entry.writeBigUInt64LE(BigInt(start + sectors - 1), 40);
	entry.write(name, 56, "utf16le");
	return entry;
}

interface Header {
	readonly sectors: number;
	readonly entries: Buffer;
	readonly disk: string;
	readonly at: number;
	readonly backup: number;
	readonly table: number;
}

function headerOf({ sectors, entries, disk, at, backup, table }: Header): Buffer {
	const header = Buffer.alloc(SECTOR);
	header.write("EFI PART", 0, "latin1");
	header.writeUInt32LE(0x00010000, 8);
	header.writeUInt32LE(HEADER_BYTES, 12);
	header.writeBigUInt64LE(BigInt(at), 24);
	header.writeBigUInt64LE(BigInt(backup), 32);
	header.writeBigUInt64LE(BigInt(2 + TABLE_SECTORS), 40);
	header.writeBigUInt64LE(BigInt(sectors - TABLE_SECTORS - 2), 48);
	guid(disk).copy(header, 56);
	header.writeBigUInt64LE(BigInt(table), 72);
	header.writeUInt32LE(ENTRIES, 80);
	header.writeUInt32LE(ENTRY_BYTES, 84);
	header.writeUInt32LE(crc32(entries), 88);
	header.writeUInt32LE(crc32(header.subarray(0, HEADER_BYTES)), 16);
	return header;
}

/** The first three fields are little-endian, the others are not (UEFI specification 2.10, appendix A). */
function guid(text: string): Buffer {
	const bytes = Buffer.from(text.replaceAll("-", ""), "hex");
	return Buffer.concat([
		bytes.subarray(0, 4).reverse(),
		bytes.subarray(4, 6).reverse(),
		bytes.subarray(6, 8).reverse(),
		bytes.subarray(8),
	]);
}

import type { FileHandle } from "node:fs/promises";
import { crc32c } from "./crc32c.ts";

/** Offsets of ext4's superblock, group descriptors and inodes (the kernel's Documentation/filesystems/ext4). Times are seconds since 1970. */
const SUPERBLOCK = 1024;
const INODE_CHECKSUM_LOW = 0x7c;
const INODE_CHECKSUM_HIGH = 0x82;
const [ATIME, CTIME, MTIME] = [0x08, 0x0c, 0x10];
const [CTIME_EXTRA, MTIME_EXTRA, ATIME_EXTRA, CRTIME, CRTIME_EXTRA] = [0x84, 0x88, 0x8c, 0x90, 0x94];

interface FileSystem {
	readonly blockSize: number;
	readonly inodeSize: number;
	readonly inodesPerGroup: number;
	readonly groups: number;
	readonly descriptorSize: number;
	readonly firstBlock: number;
	/** What every checksum starts from. */
	readonly seed: number;
}

/**
 * Makes the times of a new file system depend on its files alone: what was written at `since` or later (made while the image was built) gets the
 * time of the newest file that is older, and no inode keeps when it was copied. Its features must include metadata_csum and 64bit; the checksums are mended.
 * @returns that newest time
 */
export async function settleTimes(image: FileHandle, offset: number, since: number): Promise<number> {
	const fs = await readFileSystem(image, offset);
	const tables: { readonly at: number; readonly first: number; readonly bytes: Buffer }[] = [];
	for (let group = 0; group < fs.groups; group++) {
		const at = offset + (await inodeTable(image, offset, fs, group)) * fs.blockSize;
		const bytes = await read(image, at, fs.inodesPerGroup * fs.inodeSize);
		tables.push({ at, first: group * fs.inodesPerGroup + 1, bytes });
	}
	const newest = Math.max(0, ...tables.map(({ bytes }) => newestBefore(bytes, fs.inodeSize, since)));
	for (const { at, first, bytes } of tables) {
		settleTable(bytes, first, { fs, since, newest });
		await image.write(bytes, 0, bytes.length, at);
	}
	return newest;
}

async function readFileSystem(image: FileHandle, offset: number): Promise<FileSystem> {
	const block = await read(image, offset + SUPERBLOCK, 1024);
	const blockSize = 1024 << block.readUInt32LE(0x18);
	const [blocks, blocksPerGroup] = [block.readUInt32LE(0x04), block.readUInt32LE(0x20)];
	return {
		blockSize,
		inodeSize: block.readUInt16LE(0x58),
		inodesPerGroup: block.readUInt32LE(0x28),
		groups: Math.ceil(blocks / blocksPerGroup),
		descriptorSize: block.readUInt16LE(0xfe),
		firstBlock: block.readUInt32LE(0x14),
		seed: crc32c(block.subarray(0x68, 0x78), 0xffffffff),
	};
}

/** The block where a group's inodes begin. */
async function inodeTable(image: FileHandle, offset: number, fs: FileSystem, group: number): Promise<number> {
	const descriptors = offset + (fs.firstBlock + 1) * fs.blockSize;
	const descriptor = await read(image, descriptors + group * fs.descriptorSize, fs.descriptorSize);
	return descriptor.readUInt32LE(0x08);
}

function newestBefore(table: Buffer, inodeSize: number, since: number): number {
	let newest = 0;
	for (let at = 0; at < table.length; at += inodeSize) {
		const time = table.readUInt32LE(at + MTIME);
		if (inUse(table, at) && time < since && time > newest) newest = time;
	}
	return newest;
}

const inUse = (table: Buffer, at: number) => table.readUInt16LE(at) !== 0 || table.readUInt16LE(at + 0x1a) !== 0;

interface Settled {
	readonly fs: FileSystem;
	readonly since: number;
	readonly newest: number;
}

function settleTable(table: Buffer, first: number, { fs, since, newest }: Settled): void {
	for (let index = 0; index < fs.inodesPerGroup; index++) {
		const inode = table.subarray(index * fs.inodeSize, (index + 1) * fs.inodeSize);
		if (!inUse(inode, 0)) continue;
		const modified = inode.readUInt32LE(MTIME);
		const time = modified < since ? modified : newest;
		for (const at of [ATIME, CTIME, MTIME, CRTIME]) inode.writeUInt32LE(time, at);
		for (const at of [ATIME_EXTRA, CTIME_EXTRA, MTIME_EXTRA, CRTIME_EXTRA]) inode.writeUInt32LE(0, at);
		sign(inode, first + index, fs.seed);
	}
}

/** The checksum covers the inode's number, its generation and all of it but the checksum. */
function sign(inode: Buffer, number: number, seed: number): void {
	inode.writeUInt16LE(0, INODE_CHECKSUM_LOW);
	inode.writeUInt16LE(0, INODE_CHECKSUM_HIGH);
	const name = Buffer.alloc(4);
	name.writeUInt32LE(number);
	const checksum = crc32c(inode, crc32c(inode.subarray(0x64, 0x68), crc32c(name, seed)));
	inode.writeUInt16LE(checksum & 0xffff, INODE_CHECKSUM_LOW);
	inode.writeUInt16LE(checksum >>> 16, INODE_CHECKSUM_HIGH);
}

async function read(image: FileHandle, at: number, length: number): Promise<Buffer> {
	const bytes = Buffer.alloc(length);
	const { bytesRead } = await image.read(bytes, 0, length, at);
	if (bytesRead !== length) throw new Error(`the image ends at ${at + bytesRead}`);
	return bytes;
}

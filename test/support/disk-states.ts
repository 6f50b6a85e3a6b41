import { type ExecFileSyncOptions, execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { blankDisk } from "./guest.ts";
import type { GuestDisk } from "./guest-qemu.ts";
import { onPath } from "./on-path.ts";

/** SHA-256 of all of a disk's bytes, as the host has them. */
export function digestOf({ file }: GuestDisk): string {
	return createHash("sha256").update(readFileSync(file)).digest("hex");
}

/** Why these states can't be made here, or undefined. */
export function disksMissing(): string | undefined {
	if (onPath("mkfs.ext4", "mkfs.xfs", "mkfs.btrfs", "mkntfs", "mkswap", "cryptsetup", "sfdisk")) return undefined;
	return "disks of all kinds need their tools: apt-get install e2fsprogs xfsprogs btrfs-progs ntfs-3g cryptsetup-bin fdisk";
}

/** The UUID of the file system that is on all of the disk; "" for none. */
export function uuidOf({ file }: GuestDisk): string {
	const { stdout } = spawnSync("blkid", ["-p", "-s", "UUID", "-o", "value", file], { encoding: "utf8" });
	return stdout.trim();
}

const quiet: ExecFileSyncOptions = { stdio: ["ignore", "ignore", "pipe"] };

function tool(disk: GuestDisk, program: string, ...words: readonly string[]): void {
	execFileSync(program, [...words, disk.file], quiet);
}

function bytesAt(disk: GuestDisk, offset: number, bytes: Uint8Array): void {
	const file = openSync(disk.file, "r+");
	writeSync(file, bytes, 0, bytes.length, offset);
	closeSync(file);
}

function partitions(disk: GuestDisk, table: string): void {
	execFileSync("sfdisk", ["--quiet", disk.file], { input: table, stdio: ["pipe", "ignore", "pipe"] });
}

/** What lvm2 reads as a physical volume: the label sector, its checksum and the header with the volume's UUID (lib/format_text/layout.h). */
function lvmLabel(sizeBytes: number): Uint8Array {
	const sector = Buffer.alloc(512);
	sector.write("LABELONE", 0, "ascii");
	sector.writeBigUInt64LE(1n, 8);
	sector.writeUInt32LE(32, 20);
	sector.write("LVM2 001", 24, "ascii");
	sector.write("0123456789abcdefghijklmnopqrstuv", 32, "ascii");
	sector.writeBigUInt64LE(BigInt(sizeBytes), 64);
	sector.writeUInt32LE(lvmChecksum(sector.subarray(20)), 16);
	return sector;
}

/** CRC-32 without the final inversion, from lvm2's own start value. */
function lvmChecksum(bytes: Uint8Array): number {
	let crc = 0xf597a6cf;
	for (const byte of bytes) {
		crc ^= byte;
		for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
	}
	return crc >>> 0;
}

/** An ext4 file system that holds `kept` with the text `data`. */
function ext4WithData(disk: GuestDisk, words: readonly string[], offsetMib = 0): void {
	const tree = `${disk.file}.tree`;
	mkdirSync(tree);
	writeFileSync(join(tree, "kept"), "data\n");
	const size = offsetMib === 0 ? [] : ["-E", `offset=${offsetMib * 1024 * 1024}`];
	execFileSync(
		"mkfs.ext4",
		["-q", "-F", "-d", tree, ...size, ...words, disk.file, ...(offsetMib ? ["40m"] : [])],
		quiet,
	);
}

const MIB = 1024 * 1024;

/** States of a disk that a cloud may attach, made without a root's rights and without davit. */
const states = {
	blank: () => {},
	"random bytes without any signature": (disk: GuestDisk) =>
		bytesAt(disk, 8 * MIB, Buffer.from("some application's raw data".repeat(4096))),
	swap: (disk: GuestDisk) => tool(disk, "mkswap"),
	"LVM's label": (disk: GuestDisk) => bytesAt(disk, 512, lvmLabel(64 * MIB)),
	"a LUKS header": (disk: GuestDisk) => {
		writeFileSync(`${disk.file}.key`, "secret");
		const words = [
			"luksFormat",
			"--batch-mode",
			"--key-file",
			`${disk.file}.key`,
			"--pbkdf",
			"pbkdf2",
			"--pbkdf-force-iterations",
			"1000",
		];
		tool(disk, "cryptsetup", ...words);
	},
	"another's ext4": (disk: GuestDisk) => ext4WithData(disk, ["-L", "theirs"]),
	"another's xfs": (disk: GuestDisk) => tool(disk, "mkfs.xfs", "-q"),
	"another's btrfs": (disk: GuestDisk) => tool(disk, "mkfs.btrfs", "-q"),
	"another's ntfs": (disk: GuestDisk) => tool(disk, "mkntfs", "-Q", "-F", "-q"),
	"BOSH's partition": (disk: GuestDisk) => {
		partitions(disk, "label: gpt\nstart=2048, size=81920, name=bosh-partition-0\n");
		ext4WithData(disk, [], 1);
	},
	"BOSH's partition, empty": (disk: GuestDisk) => partitions(disk, "label: gpt\nstart=2048, name=bosh-partition-0\n"),
	"another's GPT": (disk: GuestDisk) => partitions(disk, "label: gpt\nstart=2048, name=data\n"),
	"a GPT without partitions": (disk: GuestDisk) => partitions(disk, "label: gpt\n"),
	"another's MBR": (disk: GuestDisk) => partitions(disk, "label: dos\nstart=2048, type=83\n"),
	"ext4 and btrfs at once": (disk: GuestDisk) => {
		tool(disk, "mkfs.btrfs", "-q");
		const superblock = readFileSync(disk.file).subarray(64 * 1024, 68 * 1024);
		ext4WithData(disk, []);
		bytesAt(disk, 64 * 1024, superblock);
	},
	"an ext4 that davit did not finish": (disk: GuestDisk) => tool(disk, "mkfs.ext4", "-q", "-F", "-L", "davit-making"),
	"an xfs that davit did not finish": (disk: GuestDisk) => tool(disk, "mkfs.xfs", "-q", "-L", "davit-making"),
	"davit's ext4 whose rest is gone": (disk: GuestDisk) => {
		tool(disk, "mkfs.ext4", "-q", "-F", "-L", "davit-store");
		bytesAt(disk, 4096, Buffer.alloc(4 * MIB));
	},
};

export type DiskState = keyof typeof states;

/** xfs and btrfs have a least size. */
const MIBS: Partial<Record<DiskState, number>> = {
	"another's xfs": 320,
	"an xfs that davit did not finish": 320,
	"another's btrfs": 128,
	"ext4 and btrfs at once": 128,
};

/** A disk for a guest, in this state. */
export function diskInState(folder: string, serial: string, state: DiskState): GuestDisk {
	const disk = blankDisk(folder, serial, MIBS[state] ?? 64);
	states[state](disk);
	return disk;
}

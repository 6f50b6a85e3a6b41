/** Bytes of a sector: what GPT and the BIOS count in. */
export const SECTOR = 512;

const MIB = 1024 * 1024;

/** A partition of the image, in sectors. */
export interface Partition {
	readonly number: number;
	readonly name: string;
	readonly type: string;
	readonly start: number;
	readonly sectors: number;
}

export interface Layout {
	readonly sectors: number;
	readonly bios: Partition;
	readonly esp: Partition;
	/** The last one on the disk, so that it can grow. */
	readonly root: Partition;
}

/** Partition types: UEFI specification 2.10, table 5-7; the BIOS boot partition is GRUB's; the root types are the Discoverable Partitions Specification's. */
const TYPES = {
	bios: "21686148-6449-6E6F-744E-656564454649",
	esp: "C12A7328-F81F-11D2-BA4B-00A0C93EC93B",
	root: { amd64: "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709", arm64: "B921B045-1DF0-41C3-AF44-4C6F280D3FAE" },
} as const;

/** What the tree takes, as find counts it. */
export interface TreeSize {
	/** Bytes of the files, each rounded up to blocks of 4096. */
	readonly bytes: number;
	readonly files: number;
}

/** Room for the tree, the journal, the inode tables and a first boot on a disk that doesn't grow; a multiple of 256 MiB. In bytes. */
export function rootBytes({ bytes, files }: TreeSize): number {
	const content = bytes * 1.1 + files * 512 + 384 * MIB;
	const inodes = files * 1.3 * BYTES_PER_INODE;
	return Math.ceil(Math.max(content, inodes) / (256 * MIB)) * 256 * MIB;
}

export const BYTES_PER_INODE = 16_384;

/** Numbered as Debian's and Ubuntu's cloud images are: 1 is the root, 14 the BIOS boot partition, 15 the ESP. */
export function layoutFor(arch: "amd64" | "arm64", root: number): Layout {
	const sectors = (bytes: number) => bytes / SECTOR;
	const bios = { number: 14, name: "bios", type: TYPES.bios, start: sectors(MIB), sectors: sectors(3 * MIB) };
	const esp = { number: 15, name: "esp", type: TYPES.esp, start: sectors(4 * MIB), sectors: sectors(60 * MIB) };
	const last = {
		number: 1,
		name: "root",
		type: TYPES.root[arch],
		start: sectors(64 * MIB),
		sectors: sectors(root),
	};
	// The last MiB holds the backup of the table.
	return { sectors: last.start + last.sectors + sectors(MIB), bios, esp, root: last };
}

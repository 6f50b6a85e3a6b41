import { SECTOR } from "./layout.ts";

/** Offsets in GRUB's boot.img (grub-core/boot/i386/pc/boot.S, include/grub/i386/pc/boot.h). */
const BOOT_CODE_BYTES = 440;
const KERNEL_SECTOR = 0x5c;
const BOOT_DRIVE = 0x64;
const DRIVE_CHECK = 0x66;

/** The first block list entry stands at the end of core.img's first sector (include/grub/offsets.h). */
const BLOCK_LIST = SECTOR - 12;

const NOP = 0x90;

/**
 * The MBR's boot code: GRUB's boot.img, told in which sector core.img begins. What grub-install does to it on a hard disk (util/setup.c): the drive is
 * the one that the BIOS booted, and its check for a BIOS that names a wrong one is left on.
 */
export function bootCode(bootImage: Buffer, coreSector: number): Buffer {
	if (bootImage.length !== SECTOR) throw new RangeError(`boot.img has ${bootImage.length} bytes, not ${SECTOR}`);
	const code = Buffer.from(bootImage.subarray(0, BOOT_CODE_BYTES));
	code.writeBigUInt64LE(BigInt(coreSector), KERNEL_SECTOR);
	code.writeUInt8(0xff, BOOT_DRIVE);
	code.fill(NOP, DRIVE_CHECK, DRIVE_CHECK + 2);
	return code;
}

/** core.img, told in which sector it begins: its first sector loads the others, which follow. `room` in sectors. */
export function placedCore(coreImage: Buffer, coreSector: number, room: number): Buffer {
	const sectors = Math.ceil(coreImage.length / SECTOR);
	if (sectors > room) throw new RangeError(`core.img takes ${sectors} sectors, and there is room for ${room}`);
	const core = Buffer.alloc(sectors * SECTOR);
	coreImage.copy(core);
	core.writeBigUInt64LE(BigInt(coreSector + 1), BLOCK_LIST);
	const listed = core.readUInt16LE(BLOCK_LIST + 8);
	if (listed !== sectors - 1) throw new RangeError(`core.img lists ${listed} sectors, and has ${sectors - 1}`);
	return core;
}

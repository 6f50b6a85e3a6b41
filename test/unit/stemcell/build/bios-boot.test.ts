import { expect, test } from "vitest";
import { bootCode, placedCore } from "../../../../src/stemcell/build/bios-boot.ts";

/** As GRUB 2.06 ships it at these offsets: the drive is 0xff already, then `jmp` over the check. */
function bootImage(): Buffer {
	const image = Buffer.alloc(512, 0x11);
	Buffer.from("0000008001000000000000 00fffaeb05f6c28074".replaceAll(" ", ""), "hex").copy(image, 0x58);
	return image;
}

function coreImage(sectors: number): Buffer {
	const image = Buffer.alloc(sectors * 512 - 100, 0x22);
	image.writeBigUInt64LE(2n, 500);
	image.writeUInt16LE(sectors - 1, 508);
	image.writeUInt16LE(0x820, 510);
	return image;
}

test("boot code names core.img's sector, boots the BIOS's drive and mends a wrong one; nothing else changes", () => {
	const code = bootCode(bootImage(), 2048);
	expect(code.length).toBe(440);
	expect(code.readBigUInt64LE(0x5c)).toBe(2048n);
	expect(code.subarray(0x64, 0x68).toString("hex")).toBe("fffa9090");
	const changed = [...code].flatMap((byte, at) => (byte === bootImage()[at] ? [] : [at]));
	expect(changed).toEqual([0x5c, 0x5d, 0x66, 0x67]);
});

test("core.img lists the sectors that follow it", () => {
	const core = placedCore(coreImage(7), 2048, 100);
	expect(core.length).toBe(7 * 512);
	expect(core.readBigUInt64LE(500)).toBe(2049n);
	expect(core.subarray(508, 512)).toEqual(coreImage(7).subarray(508, 512));
});

test.each([
	["a boot.img of another size", () => bootCode(Buffer.alloc(400), 1)],
	["a core.img that doesn't fit its partition", () => placedCore(coreImage(7), 2048, 6)],
	["a core.img that lists other sectors", () => placedCore(coreImage(7).subarray(0, 1000), 2048, 100)],
])("refuses %s", (_, patch) => {
	expect(patch).toThrow(RangeError);
});

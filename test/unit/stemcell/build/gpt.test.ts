import { crc32 } from "node:zlib";
import { expect, test } from "vitest";
import { gptOf } from "../../../../src/stemcell/build/gpt.ts";
import { layoutFor, SECTOR } from "../../../../src/stemcell/build/layout.ts";

const layout = layoutFor("amd64", 256 * 1024 * 1024);
const uuids: Readonly<Record<string, string>> = {
	disk: "00112233-4455-8677-8899-aabbccddeeff",
	bios: "00000000-0000-8000-8000-000000000001",
	esp: "00000000-0000-8000-8000-000000000002",
	root: "00000000-0000-8000-8000-000000000003",
};

function disk(): Buffer {
	const bytes = Buffer.alloc(layout.sectors * SECTOR);
	for (const part of gptOf(layout, (name) => uuids[name] ?? "")) part.bytes.copy(bytes, part.sector * SECTOR);
	return bytes;
}

/** Reads the table as firmware does; throws if a checksum is wrong. */
function readTable(bytes: Buffer, at: number) {
	const header = Buffer.from(bytes.subarray(at * SECTOR, at * SECTOR + 92));
	const checksum = header.readUInt32LE(16);
	header.writeUInt32LE(0, 16);
	expect(header.toString("latin1", 0, 8)).toBe("EFI PART");
	expect(crc32(header)).toBe(checksum);
	expect(Number(header.readBigUInt64LE(24))).toBe(at);
	const table = Number(header.readBigUInt64LE(72)) * SECTOR;
	const entries = bytes.subarray(table, table + 128 * 128);
	expect(crc32(entries)).toBe(header.readUInt32LE(88));
	return { backup: Number(header.readBigUInt64LE(32)), guid: header.subarray(56, 72).toString("hex"), entries };
}

test("both tables are whole and name each other", () => {
	const bytes = disk();
	const first = readTable(bytes, 1);
	const last = readTable(bytes, first.backup);
	expect(first.backup).toBe(layout.sectors - 1);
	expect(last.backup).toBe(1);
	expect(last.entries.equals(first.entries)).toBe(true);
	expect(first.guid).toBe("33221100554477868899aabbccddeeff");
});

test("partitions stand under their numbers, with types that GRUB, firmware and systemd know", () => {
	const { entries } = readTable(disk(), 1);
	const found = [1, 14, 15].map((number) => {
		const entry = entries.subarray((number - 1) * 128, number * 128);
		const name = entry.toString("utf16le", 56).replace(/\0+$/, "");
		return [
			name,
			entry.toString("latin1", 0, 16),
			Number(entry.readBigUInt64LE(32)),
			Number(entry.readBigUInt64LE(40)),
		];
	});
	const type = (hex: string) => Buffer.from(hex, "hex").toString("latin1");
	expect(found).toEqual([
		["root", type("e3bc684fcde8b14d96e7fbcaf984b709"), 131_072, 655_359],
		["bios", Buffer.from("Hah!IdontNeedEFI").toString("latin1"), 2048, 8191],
		["esp", type("28732ac11ff8d211ba4b00a0c93ec93b"), 8192, 131_071],
	]);
});

test("a tool that knows no GPT sees a full disk", () => {
	const mbr = disk().subarray(0, SECTOR);
	expect(mbr.subarray(446, 462).toString("hex")).toBe(
		`00000200eeffffff01000000${(() => {
			const size = Buffer.alloc(4);
			size.writeUInt32LE(layout.sectors - 1);
			return size.toString("hex");
		})()}`,
	);
	expect(mbr.subarray(510).toString("hex")).toBe("55aa");
});

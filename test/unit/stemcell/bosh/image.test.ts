import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { type BoshStemcell, readBoshStemcell } from "../../../../src/stemcell/bosh/archive.ts";
import { stemcellDisk, stemcellImage } from "../../../../src/stemcell/bosh/image.ts";
import { DISK, type Files, heavy, hex, IMAGE, manifest, tar } from "./stemcells.ts";

const bytesOf = async (body: Readable) => Buffer.concat((await body.toArray()) as Buffer[]);
const stemcellOf = (files: Files) => readBoshStemcell(Readable.from([tar(files)]), "s.tgz");

test("the image streams out as it is, and the disk from inside it", async () => {
	const stemcell = await stemcellOf(heavy());
	const image = () => stemcellImage(Readable.from([tar(heavy())]), stemcell, "s.tgz");
	expect(await bytesOf(image())).toEqual(IMAGE);
	const { format, disk } = stemcellDisk(image(), stemcell, "s.tgz");
	expect(format).toBe("qcow2");
	expect(await bytesOf(disk)).toEqual(DISK);
});

test.each([
	["raw", "root.img", "raw"],
	["rawdisk", "disk.raw", "raw"],
	["vhd", "root.vhd", "vpc"],
	["ovf", "image-disk1.vmdk", "vmdk"],
])("an image of the disk format %s has the disk in %s", async (diskFormat, member, format) => {
	const image = tar([
		["image.ovf", "<Envelope/>"],
		[member, DISK],
	]);
	const stemcell = { cloudProperties: { disk_format: diskFormat } } as unknown as BoshStemcell;
	const found = stemcellDisk(Readable.from([image]), stemcell, "s.tgz");
	expect(found.format).toBe(format);
	expect(await bytesOf(found.disk)).toEqual(DISK);
});

test("a file that was changed since it was read gives no image", async () => {
	const stemcell = await stemcellOf(heavy());
	const others: readonly [Buffer, RegExp][] = [
		[
			tar([
				["stemcell.MF", manifest()],
				["image", tar([["root.img", "other"]])],
			]),
			/its image has the checksum sha1:/,
		],
		[tar([["stemcell.MF", manifest()]]), /is incomplete: image is missing/],
		[tar(heavy()).subarray(0, 900), /is cut short/],
	];
	for (const [bytes, message] of others)
		await expect(bytesOf(stemcellImage(Readable.from([bytes]), stemcell, "s.tgz"))).rejects.toThrow(message);
	const { disk } = stemcellDisk(stemcellImage(Readable.from([others[0]?.[0]]), stemcell, "s.tgz"), stemcell, "s.tgz");
	await expect(bytesOf(disk)).rejects.toThrow(/its image has the checksum/);
});

test("an image without the disk that it should hold, or of a form that holds none, is refused", async () => {
	const image = () => Readable.from([tar([["rootfs.tar", DISK]])]);
	const of = (format: string) => ({ cloudProperties: { disk_format: format } }) as unknown as BoshStemcell;
	await expect(bytesOf(stemcellDisk(image(), of("raw"), "s.tgz").disk)).rejects.toThrow(
		"the image of s.tgz is incomplete: root.img is missing",
	);
	expect(() => stemcellDisk(image(), of("files"), "s.tgz")).toThrow("s.tgz: its image is of the disk format files");
});

test("a reader that leaves ends the reading of the file", async () => {
	const big = Buffer.alloc(8_000_000, 7);
	const image = tar([["root.img", big]], { flags: "-cf" });
	const stemcell = { sha1: hex("sha1", image) } as unknown as BoshStemcell;
	const source = Readable.from([tar([["image", image]], { flags: "-cf" })].flatMap((all) => chunks(all)));
	const body = stemcellImage(source, stemcell, "s.tgz");
	for await (const _ of body) break;
	await expect.poll(() => source.destroyed).toBe(true);
});

function chunks(bytes: Buffer): Buffer[] {
	return Array.from({ length: Math.ceil(bytes.length / 65536) }, (_, index) =>
		bytes.subarray(index * 65536, (index + 1) * 65536),
	);
}

import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { imageReader } from "../../../../cpis/libvirt/image-format.ts";

async function read(bytes: Uint8Array, chunk: number) {
	const parts = Array.from({ length: Math.ceil(bytes.length / chunk) }, (_, index) =>
		bytes.subarray(index * chunk, (index + 1) * chunk),
	);
	const reader = imageReader(Readable.from(parts));
	const passed: Buffer[] = [];
	for await (const part of reader.bytes()) passed.push(part);
	expect(Buffer.concat(passed).equals(bytes)).toBe(true);
	return reader.result();
}

test.each([1, 7, 64])("the virtual size of qcow2 is read from its header, in chunks of %i bytes too", async (chunk) => {
	const header = Buffer.alloc(64);
	header.write("QFI\xfb", "latin1");
	header.writeBigUInt64BE(3n * 2n ** 30n, 24);
	expect(await read(header, chunk)).toEqual({ format: "qcow2", virtualBytes: 3 * 2 ** 30 });
	expect(await read(Buffer.alloc(1000, 1), chunk)).toEqual({ format: "raw", virtualBytes: 1000 });
});

test.each([
	["a gzip archive", "1f8b0800"],
	["a VMDK image", "4b444d5601"],
	["empty", ""],
])("%s is refused by name", async (what, hex) => {
	await expect(read(Buffer.from(hex, "hex"), 16)).rejects.toMatchObject({
		kind: "invalid",
		message: expect.stringContaining(what),
		hint: expect.stringContaining("qemu-img convert"),
	});
});

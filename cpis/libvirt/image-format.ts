import type { Readable } from "node:stream";
import { libvirtError } from "./errors.ts";

/** First bytes of what isn't a disk image that QEMU boots as it is. */
const others: readonly (readonly [string, string])[] = [
	["1f8b", "a gzip archive"],
	["fd377a58", "an xz archive"],
	["28b52ffd", "a zstd archive"],
	["425a68", "a bzip2 archive"],
	["504b0304", "a zip archive"],
	["4b444d56", "a VMDK image"],
	["3c3f786d", "an XML file"],
	["76686478", "a VHDX image"],
];

/** QEMU's docs/interop/qcow2.txt: magic "QFI\xfb", the virtual size in bytes at offset 24, big-endian. */
const QCOW2 = "514649fb";
const HEADER = 32;

/** Passes an image's bytes on and finds out what they are: qcow2, or raw with as many bytes as there are. */
export function imageReader(source: Readable) {
	let head = Buffer.alloc(0);
	let total = 0;
	const isQcow2 = () => head.subarray(0, 4).toString("hex") === QCOW2;
	const refuseOthers = () => {
		const hex = head.toString("hex");
		const other = others.find(([magic]) => hex.startsWith(magic))?.[1] ?? (total === 0 ? "empty" : undefined);
		if (other === undefined) return;
		throw libvirtError("invalid", "createStemcell", `the stemcell's image is ${other}`, {
			hint: "give a qcow2 or raw image: unpack it, or convert it with qemu-img convert -O qcow2",
		});
	};
	return {
		async *bytes(): AsyncGenerator<Buffer> {
			for await (const chunk of source) {
				const bytes = Buffer.from(chunk);
				const known = head.length >= HEADER;
				total += bytes.length;
				if (!known) head = Buffer.concat([head, bytes.subarray(0, HEADER)]);
				if (!known && head.length >= HEADER) refuseOthers();
				yield bytes;
			}
			refuseOthers();
		},
		/** After the last byte. */
		result(): { readonly format: "qcow2" | "raw"; readonly virtualBytes: number } {
			if (!isQcow2() || head.length < HEADER) return { format: "raw", virtualBytes: total };
			return { format: "qcow2", virtualBytes: Number(head.readBigUInt64BE(24)) };
		},
	};
}

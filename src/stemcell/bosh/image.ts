import { PassThrough, type Readable } from "node:stream";
import { problem, UserError } from "../../errors.ts";
import { digester } from "../../release/digests.ts";
import { unarchive } from "../../release/unarchive.ts";
import { type BoshStemcell, verifyImage } from "./archive.ts";

/**
 * The image of a heavy stemcell as BOSH hands it to a CPI: itself an archive, or a disk that is compressed. It streams, and errors with a
 * UserError instead of ending if its bytes aren't those that `stemcell` was read from. `source` is the stemcell tarball, from its start.
 */
export function stemcellImage(source: Readable, stemcell: BoshStemcell, name: string): Readable {
	const all = digester();
	return memberOf(source, name, (path) => path === "image", {
		observe: (chunk) => all.update(chunk),
		ended: (found) => {
			if (!found) throw new UserError(absent(name, "image"));
			verifyImage(stemcell, all.digests(), name);
		},
	});
}

/** By `disk_format` of the cloud properties: what the image's archive calls the disk (bosh-linux-stemcell-builder, prepare_*_image_stemcell). */
const DISKS: Readonly<Record<string, { readonly name: RegExp; readonly shown: string }>> = {
	raw: { name: /^root\.img$/, shown: "root.img" },
	qcow2: { name: /^root\.img$/, shown: "root.img" },
	rawdisk: { name: /^disk\.raw$/, shown: "disk.raw" },
	vhd: { name: /^root\.vhd$/, shown: "root.vhd" },
	ovf: { name: /\.vmdk$/, shown: "a .vmdk file" },
};

/** The disk inside a heavy stemcell's image, and how it is written: `raw`, `qcow2`, `vpc` or `vmdk`, as qemu-img calls them. */
export function stemcellDisk(
	image: Readable,
	stemcell: BoshStemcell,
	name: string,
): { readonly format: string; readonly disk: Readable } {
	const format = String(stemcell.cloudProperties.disk_format ?? "raw");
	const known = DISKS[format];
	if (!known) {
		image.destroy();
		throw new UserError(
			problem("no-stemcell-disk", `${name}: its image is of the disk format ${format}, which holds no disk to boot`, {
				hint: `davit reads ${Object.keys(DISKS).join(", ")}; take the stemcell that is published for this IaaS`,
			}),
		);
	}
	const disk = memberOf(image, `the image of ${name}`, (path) => known.name.test(path), {
		observe: () => {},
		ended: (found) => {
			if (!found) throw new UserError(absent(`the image of ${name}`, known.shown));
		},
	});
	return { format: { rawdisk: "raw", vhd: "vpc", ovf: "vmdk" }[format] ?? format, disk };
}

function absent(name: string, member: string) {
	return problem("missing-member", `${name} is incomplete: ${member} is missing`, { hint: "get the stemcell again" });
}

/** The bytes of one member as a stream, which ends when the archive has been read to its end and `ended` found nothing wrong. */
function memberOf(
	source: Readable,
	name: string,
	wanted: (path: string) => boolean,
	watch: { readonly observe: (chunk: Buffer) => void; readonly ended: (found: boolean) => void },
): Readable {
	const out = new PassThrough();
	let found = false;
	const reading = unarchive(source, name, async ({ path }, body) => {
		if (found || !wanted(path)) return;
		found = true;
		for await (const chunk of body) {
			watch.observe(chunk);
			if (!out.write(chunk)) await drained(out);
			if (out.destroyed) throw new Error("the reader of a stemcell's image left");
		}
	}).then(() => watch.ended(found));
	reading.then(
		() => out.end(),
		(error: Error) => out.destroy(error),
	);
	return out;
}

function drained(out: PassThrough): Promise<void> {
	return new Promise((resolve) => {
		const done = () => {
			out.off("drain", done).off("close", done);
			resolve();
		};
		out.on("drain", done).on("close", done);
	});
}

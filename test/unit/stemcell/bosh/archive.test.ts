import { Readable } from "node:stream";
import fc from "fast-check";
import { expect, test } from "vitest";
import { UserError } from "../../../../src/errors.ts";
import { readBoshStemcell } from "../../../../src/stemcell/bosh/archive.ts";
import { type Files, heavy, hex, IMAGE, light, manifest, tar } from "./stemcells.ts";

const read = (bytes: Buffer) => readBoshStemcell(Readable.from([bytes]), "s.tgz");

async function problems(bytes: Buffer): Promise<string> {
	const error = await read(bytes).then(
		() => undefined,
		(reason: unknown) => reason,
	);
	if (!(error instanceof UserError)) throw new Error("no UserError", { cause: error });
	return error.problems.map(({ code, message, hint }) => `${code}: ${message}\n  ${hint ?? ""}`).join("\n");
}

test("a heavy stemcell is read with its image's size and its packages", async () => {
	expect(await read(tar(heavy()))).toEqual({
		name: "bosh-openstack-kvm-ubuntu-jammy-go_agent",
		version: "1.260",
		os: "ubuntu-jammy",
		apiVersion: 3,
		formats: ["openstack-qcow2", "openstack-raw"],
		sha1: hex("sha1", IMAGE),
		cloudProperties: {
			infrastructure: "openstack",
			hypervisor: "kvm",
			disk: 5120,
			disk_format: "qcow2",
			architecture: "x86_64",
			auto_disk_config: true,
		},
		light: false,
		imageSize: IMAGE.length,
		packages: { "build-essential": "12.9ubuntu3", libc6: "2.35-0ubuntu3.8" },
	});
});

test("a light stemcell is a reference in its cloud properties", async () => {
	expect(await read(tar(light()))).toMatchObject({
		light: true,
		imageSize: 0,
		formats: ["aws-light"],
		cloudProperties: { ami: { "eu-central-1": "ami-0123456789abcdef0" } },
	});
});

const accepted: readonly [string, Files, object][] = [
	[
		"an old one without operating system, formats and API version",
		heavy(manifest({ operating_system: undefined, stemcell_formats: undefined, api_version: undefined })),
		{ os: "bosh-openstack-kvm-ubuntu-jammy-go_agent", formats: [], apiVersion: 1 },
	],
	["a version that YAML would take for a number", heavy(manifest({ version: "1.10" })), { version: "1.10" }],
	[
		"a sha256 beside the sha1",
		heavy(manifest({ sha1: `${hex("sha1", IMAGE)};sha256:${hex("sha256", IMAGE)}` })),
		{ light: false },
	],
	["no checksum", heavy(manifest({ sha1: undefined })), { light: false, sha1: "" }],
	["its manifest last", [...heavy().slice(1), ...heavy().slice(0, 1)], { light: false, version: "1.260" }],
	["a light one whose image is absent", light().slice(0, 1), { light: true }],
	["a light one that kept the heavy one's checksum", light({ sha1: hex("sha1", IMAGE) }), { light: true }],
	["an old light one, which has no formats", light({ stemcell_formats: undefined }), { light: true }],
];
test.each(accepted)("%s is read", async (_, files, found) => {
	expect(await read(tar(files))).toMatchObject(found);
});

test.each(["-cf", "-czf"])(
	"members named ./stemcell.MF, as tar %s of a folder writes them, are found",
	async (flags) => {
		expect(await read(tar(heavy(), { dot: true, flags }))).toMatchObject({ version: "1.260", light: false });
	},
);

test("however its bytes are cut into pieces, the same is read", async () => {
	const bytes = tar(heavy());
	const whole = await read(bytes);
	const cuts = fc.array(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 40 });
	await fc.assert(
		fc.asyncProperty(cuts, async (places) => {
			const ends = [...new Set([...places, bytes.length])].sort((a, b) => a - b);
			const pieces = ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
			expect(await readBoshStemcell(Readable.from(pieces, { objectMode: false }), "s.tgz")).toEqual(whole);
		}),
		{ numRuns: 50 },
	);
});

test("cut short anywhere, it is refused by name", async () => {
	const bytes = tar(heavy());
	await fc.assert(
		fc.asyncProperty(fc.integer({ min: 20, max: bytes.length - 1 }), async (end) => {
			expect(await problems(bytes.subarray(0, end))).toContain("broken-tarball: s.tgz is cut short");
		}),
		{ numRuns: 50 },
	);
});

test("what is wrong with a file is said by name", async () => {
	const bad: readonly [string, Buffer][] = [
		["a release", tar([["release.MF", "name: tiny\n"]])],
		["some tar", tar([["root.img", "disk"]])],
		["a disk image", Buffer.alloc(4096, "QFI\xfb")],
		["nothing", Buffer.alloc(0)],
		["no image in a heavy one", tar(heavy().filter(([name]) => name !== "image"))],
		["an empty image in a heavy one", tar([...heavy().slice(0, 1), ["image", ""]])],
		["another image", tar([...heavy().slice(0, 1), ["image", "other bytes"]])],
		["a checksum of an unknown kind", tar(heavy(manifest({ sha1: "md5:abc" })))],
		["a sha256 that differs", tar(heavy(manifest({ sha1: `sha256:${"0".repeat(64)}` })))],
		[
			"a manifest of other things",
			tar(heavy("name: []\napi_version: new\nstemcell_formats: {}\ncloud_properties: 5\n")),
		],
		["a manifest that is no YAML", tar(heavy("name: [\n"))],
	];
	const told: string[] = [];
	for (const [what, bytes] of bad) told.push(`# ${what}\n${await problems(bytes)}`);
	const numbersOut = told.join("\n\n").replaceAll(/[0-9a-f]{40,}/g, "HEX");
	await expect(`${numbersOut}\n`).toMatchFileSnapshot("archive-errors.golden");
});

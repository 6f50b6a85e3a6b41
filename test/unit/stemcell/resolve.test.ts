import { expect, test } from "vitest";
import type { StemcellLine } from "../../../src/stemcell/line.ts";
import { resolveStemcell, type StemcellKnowledge } from "../../../src/stemcell/resolve.ts";

const jammy: StemcellLine = {
	os: "ubuntu-22.04",
	aliases: ["ubuntu-jammy"],
	versions: { latest: "prepared", distribution: "plain" },
	images: {
		aws: { amd64: { cloudProperties: { name: "jammy-*" } }, arm64: { none: "nobody made one" } },
		openstack: { amd64: { file: "jammy.img", from: "https://images.example/jammy/" } },
	},
	traps: [],
};
const uploaded = (version: string) => ({
	...{ name: "bosh-kvm", os: "ubuntu-jammy", version, formats: ["qcow2"], light: false, sha1: "", size: 1 },
	file: `/up/${version}`,
});
const known: StemcellKnowledge = {
	choices: [
		{ os: "ubuntu-jammy", version: "1.260", kind: "bosh", file: "/images/jammy.tgz" },
		{ os: "rocky-9", version: "9.4", kind: "plain", cloudProperties: { image: "ami-1" } },
		{ os: "ubuntu-jammy", version: "mine", kind: "prepared" },
	],
	lines: [jammy],
	built: [{ os: "ubuntu-22.04", arch: "amd64", kind: "prepared", version: "a1b2", file: "/home/images/jammy.qcow2" }],
	uploaded: [
		uploaded("1.200"),
		uploaded("1.9"),
		uploaded("1.260"),
		{ ...uploaded("1.9"), name: "bosh-aws", formats: ["aws-light"], file: "/up/aws-1.9" },
	],
	versionOf: (file) => (file === "/home/images/jammy.qcow2" ? "a1b2" : undefined),
};
const resolve = (written: string, iaas = "libvirt", arch: "amd64" | "arm64" = "amd64") => {
	const [os = "", version = ""] = written.split("/");
	const formats = iaas === "local" ? ["local"] : ["qcow2"];
	return resolveStemcell(
		{ os, version },
		{ iaas, stemcellFormats: formats, firstContact: iaas === "aws" ? ["seeded", "agent"] : ["seeded"], arch },
		known,
	);
};

test.each([
	[
		"whatever the embedded provider is asked for",
		"solaris/11",
		"local",
		"local",
		"11",
		{ from: "cloud", cloudProperties: {} },
	],
	[
		"the built image, and its own version",
		"ubuntu-jammy/latest",
		"libvirt",
		"prepared",
		"a1b2",
		{ from: "file", file: "/home/images/jammy.qcow2" },
	],
	[
		"the built image of a chosen version",
		"ubuntu-jammy/mine",
		"libvirt",
		"prepared",
		"a1b2",
		{ from: "file", file: "/home/images/jammy.qcow2" },
	],
	[
		"the file of the cloud file's choice, which says no version",
		"ubuntu-jammy/1.260",
		"aws",
		"bosh",
		"1.260",
		{ from: "file", file: "/images/jammy.tgz" },
	],
	[
		"an image that the cloud has",
		"rocky-9/9.4",
		"aws",
		"plain",
		"9.4",
		{ from: "cloud", cloudProperties: { image: "ami-1" } },
	],
	[
		"the distribution's image at that cloud",
		"ubuntu-22.04/distribution",
		"aws",
		"plain",
		"distribution",
		{ from: "cloud", cloudProperties: { name: "jammy-*" } },
	],
])("%s", (_, written, iaas, kind, version, source) => {
	expect(resolve(written, iaas)).toEqual({ stemcell: { os: written.split("/")[0], version, kind, source } });
});

test.each([
	["a BOSH stemcell where its agent can't be asked", resolve("ubuntu-jammy/1.260"), "no-agent", "=prepared"],
	[
		"a version that nothing maps is not guessed",
		resolve("ubuntu-jammy/1.300"),
		"unknown-stemcell-image",
		"latest, distribution",
	],
	["an unknown os", resolve("plan9/4"), "unknown-stemcell-image", "davit knows ubuntu-22.04"],
	[
		"no image built for that processor",
		resolve("ubuntu-jammy/latest", "libvirt", "arm64"),
		"no-stemcell-image",
		"davit build-stemcell ubuntu-22.04",
	],
	[
		"the distribution's image isn't known at that cloud",
		resolve("ubuntu-jammy/distribution"),
		"no-stemcell-image",
		"--stemcell ubuntu-jammy/distribution=plain:FILE",
	],
	[
		"the distribution publishes a file",
		resolve("ubuntu-jammy/distribution", "openstack"),
		"no-stemcell-image",
		"download jammy.img from https://images.example/jammy/ and give it with --stemcell ubuntu-jammy/distribution=plain:./jammy.img",
	],
])("%s", (_, answer, code, hint) => {
	expect(answer).toEqual({ problem: expect.objectContaining({ code, hint: expect.stringContaining(hint) }) });
});

test("where the distribution has no image, the reason is given", () => {
	expect(resolve("ubuntu-jammy/distribution", "aws", "arm64")).toEqual({
		problem: expect.objectContaining({
			message: "there is no plain image of ubuntu-jammy/distribution (arm64) for aws: nobody made one",
		}),
	});
});

test.each([
	["by its exact version", "ubuntu-jammy/1.200", "/up/1.200"],
	["by its own name; of latest, the newest", "bosh-kvm/latest", "/up/1.260"],
	["of those of one version the one that the cloud takes", "ubuntu-jammy/1.9", "/up/1.9"],
	["but for a choice, which goes first", "ubuntu-jammy/1.260", "/images/jammy.tgz"],
])("an uploaded BOSH stemcell: %s", (_, written, file) => {
	expect(resolveUploaded(written)).toMatchObject({ stemcell: { kind: "bosh", source: { from: "file", file } } });
});

test("what the stemcell file maps is no uploaded one's, and another version is none", () => {
	expect(resolveUploaded("ubuntu-jammy/latest")).toMatchObject({ stemcell: { kind: "prepared" } });
	expect(resolveUploaded("ubuntu-jammy/1.201")).toMatchObject({ problem: { code: "unknown-stemcell-image" } });
});

function resolveUploaded(written: string) {
	const [os = "", version = ""] = written.split("/");
	const cloud = {
		iaas: "libvirt",
		stemcellFormats: ["qcow2"],
		firstContact: ["agent" as const],
		arch: "amd64" as const,
	};
	return resolveStemcell({ os, version }, cloud, known);
}

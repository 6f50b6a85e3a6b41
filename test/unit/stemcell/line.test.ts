import { describe, expect, test } from "vitest";
import { bootstrapScript } from "../../../src/machine/bootstrap.ts";
import { operatingSystems } from "../../../src/stemcell/build/operating-system.ts";
import { parseLine } from "../../../src/stemcell/line.ts";
import { resolveStemcell } from "../../../src/stemcell/resolve.ts";
import { elevenIaas, processors, readStemcellFile, stemcellFiles } from "../../support/stemcell-files.ts";
import { exampleSpec } from "../machine/machine-spec.ts";

const lines = stemcellFiles.map(readStemcellFile);
const knowledge = { choices: [], lines, built: [], uploaded: [], versionOf: () => undefined };

test("there is a file for every system that davit builds images of, and for no other", () => {
	expect(lines.map(({ os }) => os)).toEqual(operatingSystems.map(({ name }) => name));
	expect(stemcellFiles).toEqual(operatingSystems.map(({ name }) => `${name}.yml`));
});

test("no name stands for two systems", () => {
	const names = lines.flatMap(({ os, aliases = [] }) => [os, ...aliases]);
	expect(names).toEqual([...new Set(names)]);
	expect(names).toEqual(
		expect.arrayContaining(["ubuntu-jammy", "ubuntu-noble", "ubuntu-resolute", "debian-bookworm", "debian-trixie"]),
	);
});

describe.each(lines.map((line) => [line.os, line] as const))("%s", (os, { images, aliases = [] }) => {
	test("has an image, a file or a reason for both processors at the eleven IaaS", () => {
		expect(Object.keys(images).sort()).toEqual([...elevenIaas].sort());
		for (const byProcessor of Object.values(images)) expect(Object.keys(byProcessor).sort()).toEqual(processors);
	});

	test.each(elevenIaas.flatMap((iaas) => processors.map((arch) => [iaas, arch] as const)))(
		"the distribution's image at %s for %s is found, or the answer says what to do",
		(iaas, arch) => {
			for (const name of [os, ...aliases]) {
				const cloud = { iaas, arch, stemcellFormats: ["qcow2"], firstContact: ["seeded" as const] };
				const answer = resolveStemcell({ os: name, version: "distribution" }, cloud, knowledge);
				const image = images[iaas]?.[arch];
				if (image && "cloudProperties" in image)
					expect(answer).toEqual({
						stemcell: { os: name, version: "distribution", kind: "plain", source: { from: "cloud", ...image } },
					});
				else {
					const text = "problem" in answer ? `${answer.problem.message}\n${answer.problem.hint}` : "";
					for (const part of Object.values(image ?? { image: "none" })) expect(text).toContain(part);
				}
			}
		},
	);

	test("has no image for one processor where the other's is meant", () => {
		for (const byProcessor of Object.values(images)) {
			const { amd64, arm64 } = byProcessor;
			if (amd64 && arm64 && !("none" in amd64)) expect(arm64).not.toEqual(amd64);
		}
	});
});

test("every trap has its check in bootstrap, and every check of a system is named in a file", () => {
	const checks: Readonly<Record<string, string>> = {
		"ssh-socket-activation": "systemctl is-active --quiet ssh.socket",
		"resolved-stub": "DNSStubListener=no",
		netplan: "network=netplan",
		networkd: "network=networkd",
		"cgroup-v2": "cgroups=v2",
		apparmor: "app_armor=true",
		"unattended-upgrades": "that may be the image's own upgrade (unattended-upgrades, apt-daily)",
		"sudo-rs": "sudo=sudo-rs",
		"noexec-tmp": "tmp_noexec=true",
		"login-user-uid-1000": "free_vcap_id",
	};
	const script = bootstrapScript({ ...exampleSpec, packages: { names: ["gcc"] } });
	for (const part of Object.values(checks)) expect(script).toContain(part);
	const named = new Set(lines.flatMap(({ traps }) => traps.map(({ name }) => name)));
	expect([...named].sort()).toEqual(Object.keys(checks).sort());
	for (const { traps } of lines) expect(new Set(traps.map(({ name }) => name)).size).toBe(traps.length);
});

test.each<[string, unknown, string]>([
	["an IaaS that isn't davit's", { ibm: { amd64: { none: "no" } } }, "images/ibm: no such IaaS; there are openstack,"],
	["another processor", { aws: { riscv64: { none: "no" } } }, 'images/aws: Unrecognized key: "riscv64"'],
	[
		"an image that is none of the three",
		{ aws: { amd64: { ami: "ami-1" } } },
		"images/aws/amd64: an image is cloud_properties, or file and from, or none with the reason",
	],
	[
		"a file from a place that could be changed on the way",
		{ libvirt: { amd64: { file: "a.qcow2", from: "http://images.example/" } } },
		"images/libvirt/amd64/from: an https:// address",
	],
	[
		"an account that is no AWS account",
		{ aws: { amd64: { cloud_properties: { owners: ["canonical"], name: "*", architecture: "x86_64" } } } },
		"images/aws/amd64/cloud_properties/owners/0: an AWS account has twelve digits",
	],
	[
		"a property that the IaaS doesn't know",
		{ gcp: { arm64: { cloud_properties: { project: "debian-cloud", family: "debian-12", familly: "" } } } },
		'images/gcp/arm64/cloud_properties: Unrecognized key: "familly"',
	],
	[
		"an image of the distribution's own where there are none",
		{ openstack: { amd64: { cloud_properties: { image_id: "1" } } } },
		"images/openstack/amd64/cloud_properties: no distribution has images of its own there",
	],
])("%s is told with its place", (_, images, message) => {
	const { problems } = parseLine({ os: "debian-99", versions: {}, images, traps: [] }, "debian-99.yml");
	expect(problems.map((each) => each.message)).toEqual([expect.stringContaining(message)]);
});

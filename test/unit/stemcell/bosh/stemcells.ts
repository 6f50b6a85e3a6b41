import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type Files = readonly (readonly [name: string, content: string | Buffer])[];

/** What the system's tar makes of files, given in this order as `./name` or `name`. */
export function tar(files: Files, options: { readonly dot?: boolean; readonly flags?: string } = {}): Buffer {
	const folder = mkdtempSync(join(tmpdir(), "davit-stemcell-"));
	try {
		const names = files.map(([name, content]) => {
			mkdirSync(join(folder, "in", name, ".."), { recursive: true });
			writeFileSync(join(folder, "in", name), content);
			return options.dot ? `./${name}` : name;
		});
		execFileSync("tar", [options.flags ?? "-czf", join(folder, "out.tgz"), "-C", join(folder, "in"), ...names]);
		return readFileSync(join(folder, "out.tgz"));
	} finally {
		rmSync(folder, { recursive: true });
	}
}

export const hex = (algorithm: string, bytes: string | Buffer) => createHash(algorithm).update(bytes).digest("hex");

const PACKAGES = `Desired=Unknown/Install/Remove/Purge/Hold
| Status=Not/Inst/Conf-files/Unpacked/halF-conf/Half-inst/trig-aWait/Trig-pend
||/ Name              Version          Architecture Description
+++-=================-================-============-===========
ii  build-essential   12.9ubuntu3      amd64        Informational list
ii  libc6:amd64       2.35-0ubuntu3.8  amd64        GNU C Library
rc  nano              6.2-1            amd64        small editor
`;

/** The disk of a heavy stemcell, and the archive that BOSH calls its image. */
export const DISK = Buffer.alloc(300_000, "not quite a disk ");
export const IMAGE = tar([["root.img", DISK]]);

/** The lines of a manifest as bosh-linux-stemcell-builder writes it; `changes` by key, undefined leaves a key out. */
export function manifest(changes: Readonly<Record<string, string | undefined>> = {}): string {
	const keys = {
		name: "bosh-openstack-kvm-ubuntu-jammy-go_agent",
		version: "'1.260'",
		bosh_protocol: "1",
		api_version: "3",
		sha1: hex("sha1", IMAGE),
		operating_system: "ubuntu-jammy",
		stemcell_formats: "[openstack-qcow2, openstack-raw]",
		cloud_properties:
			"{infrastructure: openstack, hypervisor: kvm, disk: 5120, disk_format: qcow2, architecture: x86_64, auto_disk_config: true}",
		...changes,
	};
	const lines = Object.entries(keys).flatMap(([key, value]) => (value === undefined ? [] : [`${key}: ${value}`]));
	return `---\n${lines.join("\n")}\n`;
}

export const heavy = (text = manifest()): Files => [
	["stemcell.MF", text],
	["packages.txt", PACKAGES],
	["dev_tools_file_list.txt", "/usr/bin/gcc\n"],
	["image", IMAGE],
	["sbom.spdx.json", "{}"],
];

export const light = (changes: Readonly<Record<string, string | undefined>> = {}): Files => [
	[
		"stemcell.MF",
		manifest({
			name: "bosh-aws-xen-hvm-ubuntu-jammy-go_agent",
			sha1: "da39a3ee5e6b4b0d3255bfef95601890afd80709",
			stemcell_formats: "[aws-light]",
			cloud_properties: "{ami: {eu-central-1: ami-0123456789abcdef0}}",
			...changes,
		}),
	],
	["image", ""],
];

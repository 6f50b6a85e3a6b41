import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { KeyPair } from "../../src/ssh/keys.ts";

export interface SeedOptions {
	readonly user: string;
	readonly login: KeyPair;
	readonly hostKey: KeyPair;
	/** More of cloud-init's `#cloud-config`, whole top-level keys. */
	readonly more?: string;
}

const indented = (text: string) => text.trimEnd().replaceAll("\n", "\n    ");

/** Writes a NoCloud seed as a clouds' user data would carry it, and returns the image's path. */
export function writeSeed(folder: string, { user, login, hostKey, more = "" }: SeedOptions): string {
	const files = join(folder, "seed");
	const image = join(folder, "seed.iso");
	mkdirSync(files);
	writeFileSync(join(files, "meta-data"), "instance-id: davit-test\nlocal-hostname: davit-test\n");
	writeFileSync(
		join(files, "user-data"),
		`#cloud-config
manage_etc_hosts: localhost
ssh_deletekeys: true
ssh_genkeytypes: [ed25519]
ssh_keys:
  ed25519_private: |
    ${indented(hostKey.privateKey)}
  ed25519_public: ${hostKey.publicKey}
users:
  - name: ${user}
    shell: /bin/bash
    sudo: ALL=(ALL) NOPASSWD:ALL
    ssh_authorized_keys: [${login.publicKey}]
${more}`,
	);
	execFileSync(
		"genisoimage",
		["-quiet", "-output", image, "-volid", "cidata", "-rational-rock", "-joliet", "user-data", "meta-data"],
		{
			cwd: files,
		},
	);
	return image;
}

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";
import { type World, withWorld } from "../support/acceptance.ts";
import { expectFailure } from "../support/bad-input.ts";
import { users } from "../support/ordinary-user.ts";
import { tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const CLOUD = readFileSync(join(import.meta.dirname, "../../manifests/cloud/libvirt.yml"), "utf8");

interface Case {
	readonly name: string;
	readonly stemcells: readonly string[];
	readonly code?: number;
	readonly write?: (world: World) => void;
}

// Each is found out before libvirt is spoken with, so none is needed.
const cases: readonly Case[] = [
	{ name: "a stemcell option that is none", stemcells: ["debian-12"], code: 64 },
	{ name: "a stemcell that nothing maps", stemcells: [] },
	{ name: "an image file that is missing", stemcells: ["local/1=prepared:nowhere.qcow2"] },
	{
		name: "an image whose description is broken",
		stemcells: ["local/1=prepared:image.qcow2"],
		write: (world) => {
			world.write("image.qcow2", "");
			world.write("image.json", "{}");
		},
	},
	{
		name: "a plain image without a mirror",
		stemcells: ["local/1=plain:image.qcow2"],
		write: (world) => void world.write("image.qcow2", ""),
	},
	{ name: "a BOSH stemcell that is missing", stemcells: ["local/1=bosh:nowhere.tgz"] },
	{
		name: "a BOSH stemcell that is none",
		stemcells: ["local/1=bosh:image.qcow2"],
		write: (world) => void world.write("image.qcow2", "QFI"),
	},
	{
		name: "a BOSH stemcell of another system and IaaS",
		stemcells: ["local/1=bosh:stemcell.tar"],
		write: writeLightStemcell,
	},
];

/** As published for AWS, but for its images. */
function writeLightStemcell(world: World): void {
	const manifest = {
		name: "bosh-aws-xen-hvm-ubuntu-jammy-go_agent",
		version: "1.260",
		operating_system: "ubuntu-jammy",
		api_version: 3,
		stemcell_formats: ["aws-light"],
		cloud_properties: { infrastructure: "aws", ami: { "us-east-1": "ami-1" } },
	};
	world.write("stemcell.MF", JSON.stringify(manifest));
	world.write("image", "");
	execFileSync("tar", ["-cf", "stemcell.tar", "stemcell.MF", "image"], { cwd: world.folder });
}

describe.each(users.slice(-1))("stemcells that can't be had, as $name", (user) => {
	test.each(cases)("$name", ({ name, stemcells, code, write }) =>
		withWorld(user, async (world) => {
			writeTinyRelease(world, "release", { jobs: { app: {} } });
			world.write("tiny.yml", tinyManifest([tinyGroup("web", "app")]));
			world.write("cloud.yml", CLOUD);
			write?.(world);
			const options = stemcells.flatMap((stemcell) => ["--stemcell", stemcell]);
			const args = ["deploy", "tiny.yml", "--cloud", "cloud.yml", ...options];
			await expectFailure(world, args, name, code === undefined ? {} : { code });
		}),
	);
});

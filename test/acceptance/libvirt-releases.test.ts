import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { quote } from "../../src/machine/shell.ts";
import { openWorld, type World } from "../support/acceptance.ts";
import { type Libvirtd, libvirtdMissing, startLibvirtd } from "../support/libvirtd.ts";
import { preparedImage, whyNoImage } from "../support/stemcell-image.ts";

/**
 * Releases by others that need a real init and cgroup v2, such as bpm and what it runs. They are no part of davit: DAVIT_RELEASES_DEPLOYMENT
 * is a folder, put together by hand, with a manifest.yml for stemcell debian-12, its releases, and a check.sh that runs as root on the first
 * instance and prints a line for each thing that works; what davit and it said is written there, and davit's home is kept there, so that what
 * is compiled is compiled once.
 */
const folder = process.env.DAVIT_RELEASES_DEPLOYMENT ?? "";
const missing =
	libvirtdMissing() ??
	whyNoImage ??
	(folder === "" ? "DAVIT_RELEASES_DEPLOYMENT names no folder with a manifest and its releases" : undefined);
const kept = join(folder, "home");
/** A guest without KVM compiles a Go toolchain's worth of packages. */
const longestMs = 5_000_000;

describe.skipIf(missing !== undefined)(`releases by others on a guest${missing ? ` (${missing})` : ""}`, () => {
	let libvirt: Libvirtd;
	let world: World;

	beforeAll(async () => {
		libvirt = await startLibvirtd();
		await libvirt.virsh(
			`net-define ${join(import.meta.dirname, "../../manifests/cloud/libvirt-network.xml")}; net-start davit`,
		);
		world = openWorld({ name: "root", argv: ["nsenter", "--net", "--target", String(libvirt.pid), "--"] });
		const cloud = readFileSync(join(import.meta.dirname, "../../manifests/cloud/libvirt.yml"), "utf8")
			.replace("uri: qemu:///system", `uri: ${libvirt.uri}\n    virtualization: qemu`)
			.replace("memory: 2_048", "memory: 4_096");
		world.write("cloud.yml", cloud);
		if (existsSync(kept)) cpSync(kept, world.home, { recursive: true, preserveTimestamps: true });
	});
	afterAll(async () => {
		await world?.davit(["delete-deployment", "-n", "--skip-drain"], { longestMs });
		if (existsSync(world.home)) cpSync(world.home, kept, { recursive: true, preserveTimestamps: true });
		await world?.close();
		await libvirt?.close();
	});

	test("compile there, and do what they are for", { timeout: longestMs }, async () => {
		const stemcell = `debian-12/latest=prepared:${await preparedImage()}`;
		const deploy = ["deploy", join(folder, "manifest.yml"), "--cloud", "cloud.yml", "--stemcell", stemcell];
		const { code, stderr } = await world.davit(deploy, { longestMs });
		writeFileSync(join(folder, "deploy.log"), stderr);
		expect(code, stderr).toBe(0);
		const { stdout: rows } = await world.davit(["vms", "--json"]);
		const instance = /"instance":"([^"]+)"/.exec(rows)?.[1] ?? "";
		const check = readFileSync(join(folder, "check.sh"), "utf8");
		const checked = await world.davit(["ssh", instance, "-c", `sudo bash -c ${quote(check)}`]);
		writeFileSync(join(folder, "check.log"), checked.stdout);
		expect(checked.code, checked.stdout + checked.stderr).toBe(0);
		expect(checked.stdout).toMatch(/^ok /m);
		expect(await world.davit(deploy, { longestMs })).toMatchObject({
			code: 0,
			stderr: expect.stringMatching(/nothing to do/),
		});
	});
});

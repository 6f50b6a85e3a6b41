import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openWorld, type World } from "../support/acceptance.ts";
import { expectFailure } from "../support/bad-input.ts";
import { users } from "../support/ordinary-user.ts";
import { tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const CLOUD = readFileSync(join(import.meta.dirname, "../../manifests/cloud/libvirt.yml"), "utf8").replace(
	/qemu[^\s]*:\/\/\S+/,
	"qemu+unix:///system?socket=/nowhere/libvirt.sock",
);
let world: World;
beforeAll(() => {
	world = openWorld(users.at(-1) as (typeof users)[number]);
	writeTinyRelease(world, "release", { jobs: { app: {} } });
	world.write("cloud.yml", CLOUD);
	writeStemcell("kvm.tgz", { image: "a disk" });
});
afterAll(() => world.close());

interface Told {
	readonly version?: string;
	readonly infrastructure?: string;
	readonly format?: string;
	/** Empty: a light one. */
	readonly image?: string;
	readonly apiVersion?: number;
}

/** As the published ones are built. */
function writeStemcell(
	file: string,
	{ version = "1.260", infrastructure = "openstack-kvm", format = "openstack-qcow2", image = "", apiVersion = 3 }: Told,
): string {
	const manifest = {
		name: `bosh-${infrastructure}-ubuntu-jammy-go_agent`,
		version,
		operating_system: "ubuntu-jammy",
		api_version: apiVersion,
		sha1: createHash("sha1").update(image).digest("hex"),
		stemcell_formats: [format],
		cloud_properties: { infrastructure, disk_format: "qcow2" },
	};
	world.write("stemcell.MF", JSON.stringify(manifest));
	world.write("image", image);
	execFileSync("tar", ["-czf", file, "stemcell.MF", "image"], { cwd: world.folder });
	return join(world.folder, file);
}

const sha1 = (file: string) =>
	createHash("sha1")
		.update(readFileSync(join(world.folder, file)))
		.digest("hex");
const upload = (...args: readonly string[]) => world.davit(["upload-stemcell", ...args]);

async function stemcells(): Promise<readonly unknown[]> {
	const { events } = await world.told(["stemcells"]);
	return events.flatMap((event) => (event.type === "table" ? event.rows : []));
}

test("a file is kept, checked; again it is there already, another image of its version is refused without --fix", async () => {
	await expectFailure(world, ["upload-stemcell", "nowhere.tgz"], "a stemcell to upload that is missing");
	const wrong = await upload("kvm.tgz", "--sha1", "0".repeat(40));
	expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining("has the checksum") });
	expect(await stemcells()).toEqual([]);
	const kept = await upload("kvm.tgz", "--sha1", sha1("kvm.tgz"));
	expect(kept, kept.stderr).toMatchObject({
		code: 0,
		stdout: expect.stringMatching(/ubuntu-jammy\/1\.260.*heavy.*kept/),
	});
	expect((await upload("kvm.tgz")).stdout).toContain("there already");
	writeStemcell("other.tgz", { image: "another disk" });
	await expectFailure(world, ["upload-stemcell", "other.tgz"], "a stemcell to upload that is there with another image");
	expect((await upload("other.tgz", "--fix")).stdout).toContain("kept");
	expect(await stemcells()).toEqual([
		{ stemcell: "ubuntu-jammy/1.260", uploaded: "bosh-openstack-kvm-ubuntu-jammy-go_agent (heavy)" },
	]);
});

test("what davit can't boot is refused: no stemcell, a damaged one, an old agent", async () => {
	world.write("no.tgz", "no archive");
	expect((await upload("no.tgz")).code).toBe(1);
	writeStemcell("old.tgz", { version: "1", apiVersion: 1, image: "old" });
	expect((await upload("old.tgz")).stderr).toContain("registry");
	world.write("image", "damaged");
	execFileSync("tar", ["-czf", "damaged.tgz", "stemcell.MF", "image"], { cwd: world.folder });
	expect((await upload("damaged.tgz")).stderr).toContain("checksum");
	expect(await stemcells()).toHaveLength(1);
});

test("from a URL it is fetched once; with --name and --version not at all when it is there", async () => {
	let asked = 0;
	writeStemcell("web.tgz", { version: "1.261", image: "a disk of the web" });
	const server = createServer((_, response) => {
		asked++;
		response.end(readFileSync(join(world.folder, "web.tgz")));
	}).listen(0, "127.0.0.1");
	await new Promise((resolve) => server.once("listening", resolve));
	try {
		const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/stemcell`;
		const named = ["--name", "bosh-openstack-kvm-ubuntu-jammy-go_agent", "--version"];
		expect((await upload(url, ...named, "1.262")).stderr).toContain("1.261, not");
		expect((await upload(url, ...named, "1.261")).stdout).toContain("kept");
		const before = asked;
		expect((await upload(url, ...named, "1.261")).stdout).toContain("there already");
		expect(asked).toBe(before);
		expect(readdirSync(join(world.home, "cache/downloads"))).toEqual([]);
	} finally {
		server.close();
	}
});

test("a manifest that names it by os and version boots it; what the cloud does not take is said of it", async () => {
	const plan = ["plan", "tiny.yml", "--cloud", "cloud.yml"];
	const wants = (version: string) => {
		const manifest = tinyManifest([tinyGroup("web", "app")]).replace('"local"', '"ubuntu-jammy"');
		world.write("tiny.yml", manifest.replace('"version": "1"', `"version": "${version}"`));
	};
	wants("1.999");
	expect((await world.davit(plan)).stderr).toContain("nothing says which image stemcell ubuntu-jammy/1.999 is");
	// The cloud is asked only once every stemcell is known.
	wants("1.260");
	expect((await world.davit(plan)).stderr).toContain("/nowhere/libvirt.sock");
	writeStemcell("aws.tgz", { version: "2.1", infrastructure: "aws", format: "aws-light" });
	expect((await upload("aws.tgz")).stdout).toContain("light");
	wants("2.1");
	expect((await world.davit(plan)).stderr).toMatch(/stemcells\/uploaded\/.*comes as aws-light/);
});

test("clean-up keeps the two newest, delete-stemcell deletes one", async () => {
	writeStemcell("new.tgz", { version: "1.262", image: "newest" });
	expect((await upload("new.tgz")).code).toBe(0);
	const listed = await world.davit(["clean-up", "--dry-run"]);
	expect(listed.stdout, listed.stderr).toMatch(/stemcell +bosh-openstack-kvm-ubuntu-jammy-go_agent\/1\.260/);
	expect(listed.stdout).not.toContain("1.262");
	expect((await world.davit(["clean-up", "-n"])).code).toBe(0);
	expect((await stemcells()).length).toBe(3);
	expect((await world.davit(["delete-stemcell", "ubuntu-jammy/1.262", "-n"])).code).toBe(0);
	expect(JSON.stringify(await stemcells())).not.toContain("1.262");
	expect((await world.davit(["delete-stemcell", "ubuntu-jammy/1.262", "-n"])).stderr).toContain("there is no stemcell");
	expect((await world.davit(["clean-up", "--all", "-n"])).code).toBe(0);
	expect(await stemcells()).toEqual([]);
	expect(
		existsSync(join(world.home, "stemcells/uploaded")) && readdirSync(join(world.home, "stemcells/uploaded")),
	).toEqual([]);
});

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { withWorld } from "../support/acceptance.ts";
import { users } from "../support/ordinary-user.ts";
import { imagesFolder, plainImage, preparedImage, whyNoImage } from "../support/stemcell-image.ts";

const SBIN = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
const minutes = 60_000;
/** Both images may have to be built first, on a machine that does other things as well. */
const LONGEST_MS = 60 * minutes;

const description = (image: string) => JSON.parse(readFileSync(image.replace(/\.qcow2$/, ".json"), "utf8"));

async function sha256Of(file: string): Promise<string> {
	const hash = createHash("sha256");
	for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
	return hash.digest("hex");
}

describe.skipIf(whyNoImage !== undefined)(`an image of debian-12 (${whyNoImage ?? "all is there"})`, () => {
	let folder: string;
	let image: string;
	let raw: string;

	beforeAll(async () => {
		folder = mkdtempSync(join(tmpdir(), "davit-image-"));
		image = await preparedImage();
		raw = join(folder, "disk.raw");
		execFileSync("qemu-img", ["convert", "-O", "raw", image, raw]);
	}, LONGEST_MS);
	afterAll(() => rmSync(folder, { recursive: true, force: true }));

	const run = (program: string, ...args: string[]) =>
		execFileSync(program, args, { env: SBIN, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
	const inRoot = (request: string) => run("debugfs", "-R", request, `${raw}?offset=${64 * 1024 * 1024}`);
	const cat = (path: string) => inRoot(`cat ${path}`);

	test("it is described beside it: what it is, its digest, its packages", async () => {
		const { sha256, packages, ...about } = description(image);
		expect(about).toEqual({
			os: "debian-12",
			arch: "amd64",
			kind: "prepared",
			version: expect.stringMatching(/^[0-9a-f]{12}$/),
			inputs: expect.stringMatching(/^[0-9a-f]{64}$/),
		});
		expect(sha256).toBe(await sha256Of(image));
		const promised = ["gcc", "make", "patch", "zip", "nfs-common", "iptables", "runit", "linux-image-cloud-amd64"];
		expect(Object.keys(packages)).toEqual(expect.arrayContaining(promised));
	});

	test("other tools read its partitions, its boot loader for UEFI and its root, and find no fault", () => {
		const { partitiontable } = JSON.parse(run("sfdisk", "--json", raw));
		expect(partitiontable.label).toBe("gpt");
		const names = partitiontable.partitions.map(({ node, name }: { node: string; name: string }) => [
			node.slice(raw.length),
			name,
		]);
		expect(names).toEqual(
			expect.arrayContaining([
				["1", "root"],
				["14", "bios"],
				["15", "esp"],
			]),
		);
		expect(run("sfdisk", "--verify", raw)).toMatch(/^No errors detected/m);
		expect(run("mdir", "-b", "-i", `${raw}@@${4 * 1024 * 1024}`, "::/EFI/BOOT").trim()).toBe("::/EFI/BOOT/BOOTX64.EFI");
		expect(run("e2fsck", "-f", "-n", `${raw}?offset=${64 * 1024 * 1024}`)).toMatch(/^root: \d+\/\d+ files/m);
	});

	test("it boots its newest kernel, mounts by label, and shares nothing with its sisters", () => {
		expect(cat("/etc/fstab")).toMatch(/^LABEL=root \/ ext4 /m);
		expect(cat("/boot/grub/grub.cfg")).toMatch(/linux \/vmlinuz root=LABEL=root ro console=tty0 console=ttyS0/);
		for (const link of ["/vmlinuz", "/initrd.img"]) expect(inRoot(`stat ${link}`)).toMatch(/Fast link dest: "boot\//);
		expect(inRoot("stat /etc/machine-id")).toMatch(/Size: 0\b/);
		expect(inRoot("ls -p /etc/ssh")).not.toMatch(/ssh_host_/);
		expect(cat("/etc/hostname")).toBe("localhost\n");
	});

	test("the id 1000 is free and stays so, apt does nothing by itself, and no mirror is named", () => {
		expect(cat("/etc/passwd")).not.toMatch(/^[^:]*:[^:]*:1000:/m);
		expect(cat("/etc/group")).not.toMatch(/^[^:]*:[^:]*:1000:/m);
		expect(cat("/etc/login.defs")).toMatch(/^UID_MIN\s+1001$/m);
		for (const timer of ["apt-daily.timer", "apt-daily-upgrade.timer"])
			expect(inRoot(`stat /etc/systemd/system/${timer}`)).toMatch(/Fast link dest: "\/dev\/null"/);
		expect(cat("/etc/apt/sources.list")).not.toMatch(/^deb/m);
		expect(inRoot("ls -p /etc/apt/sources.list.d")).not.toMatch(/\.(list|sources)/);
	});

	test("built again it is there already", async () => {
		expect(await preparedImage()).toBe(image);
	});

	test(
		"a second build, by another user, of the same packages is the same bytes",
		async () => {
			const first = await plainImage();
			expect(first).toBe(join(imagesFolder, "debian-12-amd64-plain.qcow2"));
			const user = users.at(-1);
			if (!user) throw new Error("nobody runs the tests");
			await withWorld(user, async (world) => {
				const build = async () => {
					const args = ["build-stemcell", "debian-12", "--plain", "--rebuild"];
					const built = await world.davit(args, { longestMs: LONGEST_MS });
					expect(built.code, built.stderr).toBe(0);
					return description(join(world.home, "stemcells/debian-12-amd64-plain.qcow2"));
				};
				const again = await build();
				// The archive may have got other packages since the first was built.
				const same = again.version === description(first).version ? description(first) : await build();
				expect(again.sha256).toBe(same.sha256);
			});
		},
		LONGEST_MS,
	);
});

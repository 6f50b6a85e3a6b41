import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bootstrapScript } from "../../src/machine/bootstrap.ts";
import { type MountOptions, mountDiskScript, unmountDiskScript } from "../../src/machine/disk.ts";
import { supervisorFiles } from "../../src/machine/supervisor/control.ts";
import { type DiskState, digestOf, diskInState, disksMissing, uuidOf } from "../support/disk-states.ts";
import { blankDisk, type Guest, guestMissing, openGuest } from "../support/guest.ts";
import type { GuestDisk } from "../support/guest-qemu.ts";
import { preparedImage, whyNoImage } from "../support/stemcell-image.ts";

const missing = guestMissing() ?? disksMissing() ?? whyNoImage;
const PATIENCE_MS = 1_800_000;
const STORE = "/var/vcap/store";

let guest: Guest;
let made = 0;
const out = async (script: string) => {
	const { code, stdout, stderr } = await guest.run(script);
	return code === 0 ? stdout : `${code}: ${stderr}`;
};
const mount = (serial: string, more: Partial<MountOptions> = {}) =>
	guest.run(
		mountDiskScript(
			{ kind: "serial", serial },
			{ mountPoint: STORE, fileSystem: "ext4", mayFormat: true, mountOptions: [], ...more },
		),
	);
const unmount = () => guest.run(unmountDiskScript(STORE));
const plug = async (state: DiskState): Promise<GuestDisk> => {
	made += 1;
	const disk = diskInState(guest.folder, `disk-${made}`, state);
	await guest.attach(disk);
	return disk;
};
/** The node's name in what was said: /dev/vdc or any other. */
const plain = (text: string) => text.replace(/\/dev\/vd[a-z]/g, "NODE").replace(/disk-\d+/g, "SERIAL");

beforeAll(async () => {
	if (missing !== undefined) return;
	guest = await openGuest({ image: await preparedImage() });
	const bootstrap = bootstrapScript({
		instance: { id: "0b4f5d3e", name: "database", az: "z1", deployment: "disks" },
		stemcell: { os: "debian-12", version: "1" },
		specJson: "{}\n",
		hostname: "database-0",
		swapMib: 64,
		supervisor: supervisorFiles,
	});
	const lost = guest.run(bootstrap).catch((error: Error) => error);
	await guest.run("until [ -e /var/vcap/davit/supervisor ]; do sleep 0.1; done");
	guest.disconnect();
	expect(await lost).toBeInstanceOf(Error);
	const ran = await guest.run(bootstrap);
	expect(ran.code, ran.stderr).toBe(0);
}, PATIENCE_MS);
afterAll(() => guest?.close());

/** `new`: davit made the disk and never mounted it. `known`: it was mounted before, or was another's. */
type Row = readonly [DiskState, "new" | "known", string];
const refused: readonly Row[] = [
	["blank", "known", "was mounted before and now holds no file system; davit does not format it again"],
	["random bytes without any signature", "known", "was mounted before and now holds no file system"],
	["swap", "new", "is new, but holds swap space (swap) that davit did not make"],
	["swap", "known", "holds swap space (swap), which davit doesn't mount"],
	["LVM's label", "new", "is new, but holds an LVM volume (LVM2_member) that davit did not make"],
	["LVM's label", "known", "holds an LVM volume (LVM2_member), which davit doesn't mount"],
	["a LUKS header", "new", "is new, but holds an encrypted volume (crypto_LUKS) that davit did not make"],
	["another's ext4", "new", "is new, but holds a file system (ext4) that davit did not make"],
	["another's xfs", "new", "is new, but holds a file system (xfs) that davit did not make"],
	["another's btrfs", "new", "is new, but holds a file system (btrfs) that davit did not make"],
	["another's btrfs", "known", "holds a file system (btrfs), which davit doesn't mount"],
	["another's ntfs", "new", "is new, but holds a file system (ntfs) that davit did not make"],
	["BOSH's partition, empty", "new", ": the partition NODE1 that BOSH made holds no file system"],
	["another's GPT", "new", "has partitions that BOSH did not make; davit leaves it alone"],
	["another's GPT", "known", "has partitions that BOSH did not make; davit leaves it alone"],
	["a GPT without partitions", "new", "is not empty, and holds no file system"],
	["another's MBR", "new", "has partitions that BOSH did not make; davit leaves it alone"],
	["ext4 and btrfs at once", "new", "has several signatures: "],
	[
		"an ext4 that davit did not finish",
		"known",
		"was mounted before and now holds a file system that was never finished",
	],
	["davit's ext4 whose rest is gone", "new", "could not be mounted at /var/vcap/store: "],
];
const mounted: readonly (readonly [DiskState, "new" | "known", string, string])[] = [
	["blank", "new", "ext4", "davit-store"],
	["random bytes without any signature", "new", "ext4", "davit-store"],
	["an ext4 that davit did not finish", "new", "ext4", "davit-store"],
	["an xfs that davit did not finish", "new", "xfs", "davit-store"],
	["another's ext4", "known", "ext4", "theirs"],
	["another's xfs", "known", "xfs", ""],
	["BOSH's partition", "new", "ext4", ""],
];

describe.skipIf(missing !== undefined)(
	`a disk in a guest${missing ? ` (${missing})` : ""}`,
	{ timeout: PATIENCE_MS },
	() => {
		test.each(refused)("%s, %s: refused, and not a byte of it changes", async (state, whose, message) => {
			const disk = await plug(state);
			const [before, uuid] = [digestOf(disk), uuidOf(disk)];
			const fstab = await out("cat /etc/fstab");
			const { code, stderr } = await mount(disk.serial, { mayFormat: whose === "new" });
			expect(code).toBe(1);
			expect(plain(stderr)).toMatch(/^the disk with serial SERIAL \(NODE\)/);
			expect(plain(stderr)).toContain(message);
			expect(await out(`cat /etc/fstab; grep -c ' ${STORE} ' /proc/self/mountinfo || true`)).toBe(`${fstab}0\n`);
			await guest.detach(disk.serial);
			// The kernel itself notes in an ext4 that it could not be mounted; that is no formatting.
			if (message.startsWith("could not be mounted")) expect(uuidOf(disk)).toBe(uuid);
			else expect(digestOf(disk)).toBe(before);
		});

		test.each(mounted)("%s, %s: mounted as %s", async (state, whose, type, label) => {
			const disk = await plug(state);
			const ran = await mount(disk.serial, { mayFormat: whose === "new", fileSystem: type });
			expect(ran, ran.stderr).toMatchObject({ code: 0, stdout: `${type}\n`, stderr: "" });
			const node = await out(`findmnt -no SOURCE ${STORE}`);
			expect(await out(`findmnt -no FSTYPE ${STORE}; blkid -p -s LABEL -o value ${node.trim()} || true`)).toBe(
				`${type}\n${label}${label ? "\n" : ""}`,
			);
			const kept = ["another's ext4", "BOSH's partition"].includes(state) ? "data\n" : "";
			expect(await out(`cat ${STORE}/kept 2>/dev/null || true`)).toBe(kept);
			expect(await out(`df --output=size -m ${STORE} | tail -n 1`)).toMatch(/^ *[345]\d\n|^ *[23]\d\d\n/);
			expect(await unmount()).toMatchObject({ code: 0, stderr: "" });
			await guest.detach(disk.serial);
		});

		test("a copy of a disk beside it is told, whichever is asked for", async () => {
			const disk = await plug("another's ext4");
			const copy = blankDisk(guest.folder, "copy", 64);
			copyFileSync(disk.file, copy.file);
			await guest.attach(copy);
			const { code, stderr } = await mount("copy", { mayFormat: false });
			expect(code).toBe(1);
			expect(plain(stderr)).toMatch(
				/^the disk with serial copy \(NODE\) has the same file system UUID as NODE \([-0-9a-f]{36}\); one is a copy of the other/,
			);
			await guest.detach("copy");
			expect(await mount(disk.serial, { mayFormat: false })).toMatchObject({ code: 0, stderr: "" });
			expect((await mount("no-such", { waitSeconds: 0 })).stderr).toContain("did not appear within 0 s");
			const other = await plug("blank");
			expect(plain((await mount(other.serial)).stderr)).toContain(
				"has another disk mounted (NODE); the disk with serial SERIAL (NODE) is not mounted over it",
			);
			expect(await unmount()).toMatchObject({ code: 0, stderr: "" });
			await guest.detach(disk.serial);
			await guest.detach(other.serial);
		});

		test("BOSH's partition grows with its disk, and its file system with it", async () => {
			const disk = await plug("BOSH's partition");
			await guest.grow(disk.serial, 192 * 1024 * 1024);
			expect(await mount(disk.serial)).toMatchObject({ code: 0, stderr: "" });
			expect(Number(await out(`df --output=size -m ${STORE} | tail -n 1`))).toBeGreaterThan(150);
			expect(await out(`cat ${STORE}/kept; blkid -p -s PART_ENTRY_NAME -o value $(findmnt -no SOURCE ${STORE})`)).toBe(
				"data\nbosh-partition-0\n",
			);
			expect(await unmount()).toMatchObject({ code: 0, stderr: "" });
			await guest.detach(disk.serial);
		});
	},
);

describe.skipIf(missing !== undefined)("a disk's life", { timeout: PATIENCE_MS }, () => {
	const supervisor = () => out("systemctl is-active davit-supervisor.service || true");
	const isMounted = () => out(`grep -c ' ${STORE} ' /proc/self/mountinfo || true`);
	const active = "active\n";

	test("the connection is lost while it is formatted: the next run waits for that, and goes on", async () => {
		await guest.attach(blankDisk(guest.folder, "store", 128));
		const options = { mountPoint: STORE, fileSystem: "ext4", mayFormat: true, mountOptions: ["noatime"] };
		const slow = mountDiskScript({ kind: "serial", serial: "store" }, options).replace(
			"mkfs.ext4 -q",
			"touch /run/formatting; sleep 6; mkfs.ext4 -q",
		);
		const lost = guest.run(slow).catch((error: Error) => error);
		await guest.run("until [ -e /run/formatting ]; do sleep 0.1; done");
		guest.disconnect();
		expect(await lost).toBeInstanceOf(Error);
		expect(await guest.run(mountDiskScript({ kind: "serial", serial: "store" }, options))).toMatchObject({
			code: 0,
			stderr: "",
		});
		expect(await out(`echo data >${STORE}/kept; sync; findmnt -no OPTIONS ${STORE}`)).toContain("noatime");
	});

	test("it grows in place while it is mounted", async () => {
		await guest.grow("store", 256 * 1024 * 1024);
		expect(await mount("store", { mayFormat: false, mountOptions: ["noatime"] })).toMatchObject({
			code: 0,
			stderr: "",
		});
		expect(Number(await out(`df --output=size -m ${STORE} | tail -n 1`))).toBeGreaterThan(200);
	});

	test("after a power cut it is back without davit, and the supervisor with it", async () => {
		await guest.reboot();
		expect(await out(`cat ${STORE}/kept; findmnt -no OPTIONS ${STORE} | grep -o noatime`)).toBe("data\nnoatime\n");
		expect(await supervisor()).toBe(active);
	});

	test("another one takes its place, and systemd doesn't take it away for the old one's sake", async () => {
		expect(await unmount()).toMatchObject({ code: 0, stderr: "" });
		await guest.detach("store");
		expect(await supervisor()).toBe(active);
		await guest.attach(blankDisk(guest.folder, "other", 64));
		expect(await mount("other")).toMatchObject({ code: 0, stderr: "" });
		await guest.run("udevadm settle; systemctl daemon-reload; sleep 2");
		expect([await isMounted(), await supervisor()]).toEqual(["1\n", active]);
	});

	test("a boot without it keeps the jobs down and nothing else; when it is attached again they come up", async () => {
		await guest.reboot({ without: ["other"] });
		expect(await supervisor()).not.toBe(active);
		await guest.attach({ serial: "other", file: join(guest.folder, "other.raw") });
		expect(await mount("other", { mayFormat: false })).toMatchObject({ code: 0, stderr: "" });
		await guest.run(
			"for n in {1..100}; do ! systemctl is-active --quiet davit-supervisor.service || break; sleep 0.2; done",
		);
		expect([await isMounted(), await supervisor()]).toEqual(["1\n", active]);
	});
});

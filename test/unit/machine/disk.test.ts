import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DiskHint } from "../../../src/cpi/cpi.ts";
import { mountDiskScript, unmountDiskScript } from "../../../src/machine/disk.ts";
import { idModes, openVm, type Sandbox } from "./sandbox.ts";

const mountPoint = "/var/vcap/store";
const options = { mountPoint, fileSystem: "ext4", mayFormat: true, mountOptions: ["noatime"], waitSeconds: 0 };

describe("a disk that is a file system already", () => {
	test.each(idModes)("one id: $oneId", async ({ oneId }) => {
		const vm = await openVm({ oneId });
		const hint: DiskHint = { kind: "mounted", path: mountPoint };
		expect(await vm.run(mountDiskScript(hint, options))).toMatchObject({
			code: 1,
			stderr: "the disk that should be mounted at /var/vcap/store isn't\n",
		});
		await vm.run("mkdir -m 700 /tmp/disk && mount --bind /tmp/disk /var/vcap/store");
		expect(await vm.run(mountDiskScript(hint, options))).toMatchObject({ code: 0, stderr: "" });
		expect((await vm.run("stat -c %a /var/vcap/store; ls /etc/fstab")).stdout).toBe("755\n");
		expect(await vm.run(unmountDiskScript(mountPoint))).toMatchObject({ code: 0, stderr: "" });
		expect((await vm.run("grep -c ' /var/vcap/store ' /proc/self/mountinfo")).stdout).toBe("1\n");
		await vm.close();
	});
});

describe("looking for a disk", () => {
	const wanted: [DiskHint, string][] = [
		[{ kind: "serial", serial: "none-such" }, "the disk with serial none-such did not appear within 0 s; this VM has "],
		[{ kind: "by-id", id: "none-such" }, "the disk none-such did not appear"],
		[{ kind: "lun", lun: 3 }, "the disk at LUN 3 did not appear"],
		[{ kind: "lun", lun: 3, hostDeviceId: "{f8b3781b}" }, "the disk at LUN 3 did not appear"],
		[{ kind: "path", path: "/dev/none" }, "the disk /dev/none did not appear"],
	];
	test.each(wanted)("%j", async (hint, message) => {
		const vm = await openVm();
		const { code, stderr } = await vm.run(mountDiskScript(hint, options));
		expect(code).toBe(1);
		expect(stderr).toContain(message);
		await vm.close();
	});
});

/** A loop device stands in for the disk; only root has them, and not in every container. */
const file = join(tmpdir(), `davit-disk-${process.pid}`);
const attach = () =>
	execFileSync("losetup", ["--find", "--show", file], { stdio: ["ignore", "pipe", "ignore"] })
		.toString()
		.trim();
const detach = (device: string) => execFileSync("losetup", ["--detach", device]);
const resize = (mib: number) => execFileSync("truncate", ["-s", `${mib}M`, file]);

function hasLoops(): boolean {
	resize(1);
	try {
		detach(attach());
		return true;
	} catch {
		return false;
	} finally {
		rmSync(file);
	}
}

describe.runIf(hasLoops())("a block device", () => {
	let vm: Sandbox;
	let device: string;
	let hint: DiskHint;
	const out = async (script: string) => (await vm.run(script)).stdout;
	const wipe = () => vm.run(`wipefs -aq ${device}`);
	beforeAll(async () => {
		resize(64);
		device = attach();
		hint = { kind: "path", path: device };
		vm = await openVm();
	});
	afterAll(async () => {
		await vm?.close();
		detach(device);
		rmSync(file);
	});

	test("is refused while it holds anything that davit did not put there", async () => {
		const refused = async (prepare: string, message: string, mayFormat = true) => {
			await wipe();
			const { stderr } = await vm.run(`set -e; ${prepare}`);
			expect(stderr).toBe("");
			const { code, stderr: said } = await vm.run(mountDiskScript(hint, { ...options, mayFormat }));
			expect(said).toContain(message);
			expect(code).toBe(1);
		};
		const name = `the disk ${device} (${device})`;
		await refused(
			"true",
			`${name} was mounted before and now holds no file system; davit does not format it again`,
			false,
		);
		await refused(
			`mkfs.ext4 -q -F ${device}`,
			`${name} is new, but holds a file system (ext4) that davit did not make`,
		);
		await refused(`mkswap -q ${device}`, `${name} is new, but holds swap space (swap) that davit did not make`);
		await refused(`mkswap -q ${device}`, `${name} holds swap space (swap), which davit doesn't mount`, false);
		await refused(
			`printf '\\125\\252' | dd of=${device} bs=1 seek=510 status=none; printf '\\203' | dd of=${device} bs=1 seek=450 status=none; printf '\\001' | dd of=${device} bs=1 seek=454 status=none; printf '\\020' | dd of=${device} bs=1 seek=458 status=none`,
			`${name} is not empty, and holds no file system`,
		);
		await wipe();
	});

	test("is formatted once, mounted by UUID, and found again", async () => {
		await wipe();
		expect(await vm.run(mountDiskScript(hint, options))).toMatchObject({ code: 0, stderr: "" });
		await vm.run("echo data >/var/vcap/store/kept");
		const uuid = (await out(`blkid -p -s UUID -o value ${device}`)).trim();
		expect(await out("cat /etc/fstab")).toBe(
			`UUID=${uuid} /var/vcap/store ext4 defaults,noatime,nofail,x-systemd.device-timeout=30min 0 2\n`,
		);
		expect(await out("grep -c ' /var/vcap/store .*noatime' /proc/self/mountinfo; stat -c %a /var/vcap/store")).toBe(
			"1\n755\n",
		);
		for (const mayFormat of [true, false]) {
			expect(await vm.run(mountDiskScript(hint, { ...options, mayFormat }))).toMatchObject({ code: 0, stderr: "" });
			expect(await vm.run(unmountDiskScript(mountPoint))).toMatchObject({ code: 0, stderr: "" });
			expect(await out("cat /etc/fstab; ls /var/vcap/store")).toBe("");
			expect(await vm.run(unmountDiskScript(mountPoint))).toMatchObject({ code: 0, stderr: "" });
			expect(await vm.run(mountDiskScript(hint, { ...options, mayFormat }))).toMatchObject({ code: 0, stderr: "" });
			expect(await out("cat /var/vcap/store/kept; wc -l </etc/fstab")).toBe("data\n1\n");
		}
	});

	test("grows in place; a growth that failed is done by the next deploy", async () => {
		const size = async () => Number(await out("df --output=size -m /var/vcap/store | tail -n 1"));
		const before = await size();
		resize(128);
		execFileSync("losetup", ["--set-capacity", device]);
		const stub = (body: string) =>
			mountDiskScript(hint, options).replace("mounted_at() {", `resize2fs() { ${body}; }\nmounted_at() {`);
		expect(await vm.run(stub("echo broken >&2; return 1"))).toMatchObject({
			code: 1,
			stderr: `the file system of the disk ${device} (${device}) did not grow: broken\n`,
		});
		// The kernel grows a mounted file system only for CAP_SYS_RESOURCE (bit 24), which root of a container lacks.
		const may = (BigInt(`0x${(await out("awk '/CapEff/ { print $2 }' /proc/self/status")).trim()}`) >> 24n) & 1n;
		const next = may === 1n ? mountDiskScript(hint, options) : stub("echo $* >/tmp/grown");
		expect(await vm.run(next)).toMatchObject({ code: 0, stderr: "" });
		if (may === 1n) expect(await size()).toBeGreaterThan(before * 1.7);
		else expect(await out("cat /tmp/grown")).toBe(`${device}\n`);
		expect(await out("cat /var/vcap/store/kept")).toBe("data\n");
	});

	test("is not mounted over another, and who keeps it busy is named", async () => {
		await vm.run("mkdir /tmp/other; umount /var/vcap/store; mount -t tmpfs other /var/vcap/store");
		expect(await vm.run(mountDiskScript(hint, options))).toMatchObject({
			code: 1,
			stderr: `/var/vcap/store has another disk mounted (other); the disk ${device} (${device}) is not mounted over it\n`,
		});
		await vm.run("umount /var/vcap/store");
		await vm.run(mountDiskScript(hint, options));
		const user = vm.start("cd /var/vcap/store; echo in; read -r _");
		await new Promise((resolve) => user.stdout?.once("data", resolve));
		const quick = unmountDiskScript(mountPoint).replace("-ge 20", "-ge 2");
		const { code, stderr } = await vm.run(quick);
		expect(code).toBe(1);
		expect(stderr).toMatch(/target is busy.*; in use by process \d+ \(bash\)\n/s);
		user.stdin?.end();
		expect(await vm.run(unmountDiskScript(mountPoint))).toMatchObject({ code: 0, stderr: "" });
	});
});

import { execFileSync } from "node:child_process";
import { rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DiskHint } from "../../../src/cpi/cpi.ts";
import { associateDiskScript, diskPath, dissociateDiskScript } from "../../../src/machine/associate-disk.ts";
import { boot } from "../../../src/machine/bootstrap/boot.ts";
import { script } from "../../../src/machine/prelude.ts";
import { probeScript } from "../../../src/machine/probe.ts";
import { idModes, openVm, type Sandbox } from "./sandbox.ts";

const PATIENCE_MS = 120_000;

const missing = async (vm: Sandbox): Promise<unknown> => {
	const { stdout } = await vm.run(probeScript({ disks: ["wal"] }));
	return (JSON.parse(stdout) as { missingDisks: unknown }).missingDisks;
};

test("a name that could lead elsewhere is refused", () => {
	expect(() => diskPath("../data")).toThrow('the disk "../data" can\'t be a file name on a VM');
});

describe.each(idModes)(
	"a disk that is a file system already; one id: $oneId",
	{ timeout: PATIENCE_MS },
	({ oneId }) => {
		test("is where the cloud has mounted it, as the jobs have it; let go, its folder goes with it", async () => {
			const vm = await openVm({ oneId });
			const path = diskPath("wal");
			const hint: DiskHint = { kind: "mounted", path };
			const lost = await vm.run(associateDiskScript(hint, "wal"));
			expect(lost).toMatchObject({ code: 1, stderr: `the disk that should be mounted at ${path} isn't\n` });
			expect(await missing(vm)).toEqual(["wal"]);
			await vm.run(
				`mkdir -p ${path}; mkdir -m 711 /tmp/disk; echo kept >/tmp/disk/file; mount --bind /tmp/disk ${path}`,
			);
			expect(await vm.run(associateDiskScript(hint, "wal"))).toMatchObject({ code: 0, stderr: "" });
			expect((await vm.run(`stat -c %a ${path}; cat ${path}/file`)).stdout).toBe("711\nkept\n");
			expect(await missing(vm)).toEqual([]);
			expect(await vm.run(dissociateDiskScript("wal"))).toMatchObject({ code: 0, stderr: "" });
			expect((await vm.run(`cat ${path}/file; umount ${path}`)).stdout).toBe("kept\n");
			expect(await vm.run(dissociateDiskScript("wal"))).toMatchObject({ code: 0, stderr: "" });
			expect((await vm.run("ls /var/vcap/instance/disks")).stdout).toBe("");
			await vm.close();
		});
	},
);

/** A loop device stands in for the disk; only root has them, and not in every container. */
const file = join(tmpdir(), `davit-named-disk-${process.pid}`);
const attach = () => execFileSync("losetup", ["--find", "--show", file], { stdio: ["ignore", "pipe", "ignore"] });

function hasLoops(): boolean {
	writeFileSync(file, "");
	truncateSync(file, 2 ** 20);
	try {
		execFileSync("losetup", ["--detach", attach().toString().trim()]);
		return true;
	} catch {
		return false;
	} finally {
		rmSync(file);
	}
}

describe.runIf(hasLoops())("a block device", { timeout: PATIENCE_MS }, () => {
	let vm: Sandbox;
	let device: string;
	let hint: DiskHint;
	const path = diskPath("wal");
	const out = async (script: string) => (await vm.run(script)).stdout;
	const ok = { code: 0, stderr: "" };
	beforeAll(async () => {
		writeFileSync(file, "");
		truncateSync(file, 64 * 2 ** 20);
		device = attach().toString().trim();
		hint = { kind: "path", path: device };
		vm = await openVm();
	}, PATIENCE_MS);
	afterAll(async () => {
		await vm?.close();
		execFileSync("losetup", ["--detach", device]);
		rmSync(file);
	});

	test("is shown by its name, and neither formatted nor mounted", async () => {
		const before = await out(`sha256sum <${device}`);
		for (const _ of ["once", "again"]) expect(await vm.run(associateDiskScript(hint, "wal"))).toMatchObject(ok);
		expect(
			await out(`readlink -f ${path}; stat -c %a /var/vcap/instance/disks; grep -c ${device} /proc/self/mountinfo`),
		).toBe(`${device}\n755\n0\n`);
		expect(await out(`sha256sum <${device}`)).toBe(before);
		expect(await missing(vm)).toEqual([]);
	});

	test("is found anew at every boot; a link that could lead to another disk is gone until then", async () => {
		await vm.run(`ln -sfT /dev/null ${path}`);
		expect(await missing(vm)).toEqual(["wal"]);
		expect(await vm.run(script("mkdir -p /var/vcap/data/sys/run /var/vcap/jobs", boot(16)))).toMatchObject(ok);
		expect(await out(`readlink -f ${path}`)).toBe(`${device}\n`);
		const none = associateDiskScript({ kind: "serial", serial: "none-such" }, "wal").replace("wal 60", "wal 0");
		expect(await vm.run(none)).toMatchObject({ code: 1 });
		expect(await out(`ls ${path} 2>&1 | wc -l; ls -A /var/vcap/instance/disks`)).toBe("1\n");
		expect(await vm.run(associateDiskScript(hint, "wal"))).toMatchObject(ok);
	});

	test("is let go with what jobs have mounted of it; who keeps it busy is named", async () => {
		await vm.run(`mkfs.ext4 -q -F ${path}; mkdir -p /tmp/a /tmp/b; mount ${path} /tmp/a; mount --bind /tmp/a /tmp/b`);
		await vm.run("echo kept >/tmp/a/file");
		const user = vm.start("cd /tmp/b; echo in; read -r _");
		await new Promise((resolve) => user.stdout?.once("data", resolve));
		const busy = await vm.run(dissociateDiskScript("wal").replace("-ge 20", "-ge 2"));
		expect(busy.code).toBe(1);
		expect(busy.stderr).toMatch(/target is busy.*; in use by process \d+ \(bash\)\n/s);
		expect(await out(`readlink -f ${path}`)).toBe(`${device}\n`);
		user.stdin?.end();
		for (const _ of ["once", "again"]) expect(await vm.run(dissociateDiskScript("wal"))).toMatchObject(ok);
		expect(
			await out(`grep -c ' /tmp/[ab] ' /proc/self/mountinfo; ls -A /var/vcap/instance/disks /var/vcap/davit/disks`),
		).toBe("0\n/var/vcap/davit/disks:\n\n/var/vcap/instance/disks:\n");
		expect(await out(`mount ${device} /tmp/a; cat /tmp/a/file; umount /tmp/a`)).toBe("kept\n");
	});
});

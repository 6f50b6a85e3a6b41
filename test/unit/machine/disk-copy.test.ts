import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mountDiskScript, unmountDiskScript } from "../../../src/machine/disk.ts";
import { copyDiskScript, diskUseScript } from "../../../src/machine/disk-copy.ts";
import { fenced } from "../../../src/machine/fence.ts";
import { idModes, openVm, type Sandbox } from "./sandbox.ts";

const [from, to] = ["/var/vcap/store", "/var/vcap/store_migration_target"];
const whole = false;
/** Kinds, owners, links, attributes and holes; a socket is none of it. */
const fill = `set -e; cd ${from}; mkdir -p deep/empty; echo data >deep/file; ln deep/file hard; ln -s none soft; mkfifo pipe
truncate -s 64M sparse; echo end >>sparse; chmod 4711 hard; chmod 2750 deep; touch -d '2001-02-03 04:05:06.7' deep/file 'a name
of two lines'; python3 -c 'import os, socket; os.setxattr("deep/file", "user.kept", b"yes"); socket.socket(socket.AF_UNIX).bind("socket")'
touch -d 2001-02-03 deep`;
const found = (folder: string) =>
	`cd ${folder}; find . ! -type s -printf '%P %y %m %U %G %l %n\\n' | sort; stat -c %y deep deep/file; du -k sparse | cut -f 1; tail -c 4 sparse
python3 -c 'import os; print(os.getxattr("deep/file", "user.kept"))'`;

describe.each(idModes)("a copy, one id: $oneId", ({ oneId }) => {
	let vm: Sandbox;
	beforeAll(async () => {
		vm = await openVm({ oneId });
		const made = await vm.run(
			`for each in store store_migration_target; do mkdir -p /tmp/$each /var/vcap/$each; mount --bind /tmp/$each /var/vcap/$each; done; ${fill}`,
		);
		expect(made.stderr).toBe("");
		if (!oneId) await vm.run(`chown 1234:5678 ${from}/pipe; chown -h 12:34 ${from}/soft`);
	});
	afterAll(() => vm.close());

	test("keeps everything; what an earlier try left goes first", async () => {
		await vm.run(`mkdir -p ${to}/deep/half; echo da >${to}/deep/file`);
		const ran = await vm.run(copyDiskScript({ from, to, whole }));
		expect(ran, ran.stderr).toMatchObject({ code: 0, stderr: "" });
		const [before, after] = [await vm.run(found(from)), await vm.run(found(to))];
		expect(before.stdout).toContain("b'yes'");
		expect(after).toEqual(before);
		expect((await vm.run("ls /var/vcap/davit")).stdout).not.toContain("disk-copy.");
	});

	test("one that is whole is left as it is, unless it is not the same", async () => {
		const inode = async () => (await vm.run(`stat -c %i ${to}/deep`)).stdout;
		const before = await inode();
		expect(await vm.run(copyDiskScript({ from, to, whole: true }))).toMatchObject({ code: 0 });
		expect(await inode()).toBe(before);
		await vm.run(`echo more >>${from}/deep/file`);
		expect(await vm.run(copyDiskScript({ from, to, whole: true }))).toMatchObject({ code: 0 });
		expect((await vm.run(`cat ${to}/hard`)).stdout).toBe("data\nmore\n");
	});

	/** With something before or after the tar that reads the disk. */
	const around = (before: string, after = "true") => {
		const at = /tar --create (.*) >"\$pipe" 2>/;
		const script = copyDiskScript({ from, to, whole }).replace("% 25", "% 1");
		expect(script).toMatch(at);
		return script.replace(at, (_, words) => `{ ${before}; tar --create ${words}; ${after}; } >"$pipe" 2>`);
	};

	test("zeros that come after the last file was written do no harm", async () => {
		const ran = await vm.run(around("true", "sleep 1; head -c 20480 /dev/zero"));
		expect(ran, ran.stderr).toMatchObject({ code: 0, stderr: "" });
	});

	test("it tells how far it is, under its fence, and ends when a newer davit has come", async () => {
		const ran = await vm.run(fenced(around("sleep 1"), 1));
		expect(ran, ran.stderr).toMatchObject({ code: 0, stderr: "" });
		expect(ran.stdout).toMatch(/^(copied -?\d+ of \d+ MiB\n)+$/);
		expect(await vm.run(fenced(around("echo 2 >/var/vcap/davit/fence; sleep 4"), 1))).toMatchObject({ code: 75 });
		await vm.run("rm /var/vcap/davit/fence");
	});

	test("what changes while it is copied, and what is not there, is told", async () => {
		const script = copyDiskScript({ from, to, whole });
		const changing = script.replace('sync -f "$to"', `sync -f "$to"; echo later >>${from}/deep/file`);
		expect(await vm.run(changing)).toMatchObject({
			code: 1,
			stderr: `something has written to ${from} while it was copied\n`,
		});
		const losing = script.replace('sync -f "$to"', `sync -f "$to"; rm ${to}/pipe`);
		expect(await vm.run(losing)).toMatchObject({
			code: 1,
			stderr: `the copy of ${from} is not the same as what it was made from\n`,
		});
		const full = script.replace("read -r total used", "df() { echo 1000 900 0 0; }; read -r total used");
		expect((await vm.run(full.replace("need=$REPLY", "need=4096"))).stderr).toBe(
			`the disk that it is to be copied to is too small: ${from} holds 4 MiB, and there is room for 0 MiB\n`,
		);
		await vm.run(`umount ${to}`);
		expect(await vm.run(script)).toMatchObject({ code: 1, stderr: `nothing is mounted at ${to}\n` });
		expect(Number((await vm.run(diskUseScript(from))).stdout)).toBeLessThan(1_000);
	});
});

/** Loop devices stand in for disks; only root has them, and not in every container. */
function attachFile(name: string, mib: number): string | undefined {
	const file = join(tmpdir(), `davit-copy-${process.pid}-${name}`);
	execFileSync("truncate", ["-s", `${mib}M`, file]);
	try {
		return execFileSync("losetup", ["--find", "--show", file], { encoding: "utf8", stdio: "pipe" }).trim();
	} catch {
		return undefined;
	} finally {
		rmSync(file);
	}
}
const [old, small, other] = [attachFile("old", 128), attachFile("small", 24), attachFile("other", 96)];
afterAll(() => {
	for (const device of [old, small, other]) if (device !== undefined) execFileSync("losetup", ["--detach", device]);
});

describe.runIf(old !== undefined)("a copy of a block device", () => {
	let vm: Sandbox;
	const mount = async (path = "", mountPoint = from) => {
		const options = { mountPoint, fileSystem: "ext4", mayFormat: true, mountOptions: [], waitSeconds: 0 };
		const ran = await vm.run(mountDiskScript({ kind: "path", path }, options));
		expect(ran, ran.stderr).toMatchObject({ code: 0, stdout: "ext4\n" });
	};
	const unmount = async (mountPoint: string) =>
		expect(await vm.run(unmountDiskScript(mountPoint))).toMatchObject({ code: 0 });
	const copy = () => vm.run(copyDiskScript({ from, to, whole }));
	beforeAll(async () => {
		vm = await openVm();
		await mount(old);
		expect((await vm.run(`${fill}; head -c 30000000 /dev/zero >big`)).stderr).toBe("");
	});
	afterAll(() => vm?.close());

	test("how full it is is known; a disk that is too small is refused", async () => {
		expect(Number((await vm.run(diskUseScript(from))).stdout)).toBeGreaterThan(29_000);
		await mount(small, to);
		const { code, stderr } = await copy();
		expect(stderr).toMatch(
			/^the disk that it is to be copied to is too small: \S+ holds \d+ MiB, and there is room for \d+ MiB/,
		);
		expect(code).toBe(1);
		await unmount(to);
	});

	test("is writable again after a copy that was given up", async () => {
		expect((await vm.run(`touch ${from}/written`)).stderr).toContain("Read-only");
		await mount(old);
		expect(await vm.run(`touch ${from}/written; rm ${from}/written`)).toMatchObject({ code: 0, stderr: "" });
	});

	test("what something writes to is not copied", async () => {
		await mount(other, to);
		const writer = vm.start(`exec 3>${from}/open; echo in; read -r _`);
		await new Promise((resolve) => writer.stdout?.once("data", resolve));
		const { code, stderr } = await copy();
		expect(stderr).toContain(`${from} can't be made read-only, something writes there: `);
		expect(code).toBe(1);
		writer.stdin?.end();
		await new Promise((resolve) => writer.once("exit", resolve));
	});

	test("all of it is on the other one, which takes its place", async () => {
		const before = await vm.run(found(from));
		const ran = await copy();
		expect(ran, ran.stderr).toMatchObject({ code: 0, stderr: "" });
		await unmount(to);
		await unmount(from);
		await mount(other);
		expect(await vm.run(found(from))).toEqual(before);
		expect((await vm.run("cat /etc/fstab")).stdout.split("\n")).toHaveLength(2);
	});
});

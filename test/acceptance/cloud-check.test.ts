import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DiskCid, VmCid } from "../../src/cpi/cpi.ts";
import { openWorld, type World } from "../support/acceptance.ts";
import { killAt, killInEachKind } from "../support/acceptance-cut.ts";
import { startedKinds } from "../support/acceptance-golden.ts";
import { firstProcess, listingOf, processesBeside, readState, recordedListing } from "../support/acceptance-state.ts";
import { type CpiProcess, startCpi } from "../support/cpi-process.ts";
import { oneUser } from "../support/ordinary-user.ts";
import { onTerminal } from "../support/terminal.ts";
import { notingHooks, tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const NOTHING = "tiny: nothing to do, all is as the manifest says\n";

describe.each(oneUser)("davit cloud-check, as $name", (user) => {
	let world: World;
	/** The provider, behind davit's back. */
	let provider: CpiProcess;
	const options = { signal: new AbortController().signal, deadlineMs: 60_000 };

	beforeAll(async () => {
		world = openWorld(user);
		writeTinyRelease(world, "release", { jobs: { app: { hooks: notingHooks(["post-start", "post-deploy"]) } } });
		wantDisk(100);
		const { code, stderr } = await world.davit(["deploy", "tiny.yml"]);
		expect(code, stderr).toBe(0);
		await onVm("db/0", "sudo sh -c 'echo kept >/var/vcap/store/data'");
		const settings = { name: "local", properties: {}, home: world.home, env: {} };
		provider = await startCpi(user, "local", settings);
	});
	afterAll(async () => {
		await provider?.kill();
		await world.close();
	});

	function wantDisk(sizeMib: number): void {
		const groups = [tinyGroup("web", "app", { instances: 2 }), tinyGroup("db", "app", { persistent_disk: sizeMib })];
		world.write("tiny.yml", tinyManifest(groups));
	}

	async function onVm(instance: string, command: string): Promise<string> {
		const { code, stdout, stderr } = await world.davit(["ssh", instance, "-c", command]);
		expect(code, `${command}: ${stderr}`).toBe(0);
		return stdout;
	}

	function recordOf(instance: string) {
		const found = readState(world.home).instances.find(({ group, index }) => `${group}/${index}` === instance);
		return found ?? expect.fail(`no ${instance}`);
	}
	const vmOf = (instance: string) => recordOf(instance).vm?.cid as VmCid;
	const diskOf = () => recordOf("db/0").disk as DiskCid;
	const freeze = (instance: string) => {
		for (const pid of processesBeside(firstProcess(world.home, vmOf(instance)))) process.kill(pid, "SIGSTOP");
	};
	const pullPlug = (instance: string) => process.kill(firstProcess(world.home, vmOf(instance)), "SIGKILL");
	const hold = () => `${JSON.stringify(readState(world.home))} ${JSON.stringify(listingOf(world.home))}`;
	const detach = () => provider.cpi.detachDisk(vmOf("db/0"), diskOf(), options);

	/** Kinds of problems and whose they are. It changes nothing, and exits with 1 if there are any. */
	async function reported(): Promise<readonly string[]> {
		const before = hold();
		const { code, events } = await world.told(["cck", "--report"]);
		expect(hold()).toBe(before);
		const rows = events.flatMap((event) => (event.type === "table" ? event.rows : []));
		expect(code).toBe(rows.length > 0 ? 1 : 0);
		return rows.map(({ type, instance, cid }) => `${type} ${instance ?? cid}`);
	}

	async function resolve(...args: readonly string[]): Promise<readonly string[]> {
		const { code, events, stdout, stderr } = await world.told(["cloud-check", ...args]);
		expect(code, stdout + stderr).toBe(0);
		return startedKinds(events);
	}

	async function refuses(args: readonly string[], expected: number, message: RegExp): Promise<void> {
		const before = hold();
		const { code, stderr } = await world.davit(["cloud-check", ...args]);
		expect({ code, stderr }).toEqual({ code: expected, stderr: expect.stringMatching(message) });
		expect(hold()).toBe(before);
	}

	/** Nothing doubled, nothing lost, no problem, and nothing to do for the next deploy. */
	async function isWhole(): Promise<void> {
		expect(await reported()).toEqual([]);
		expect(listingOf(world.home)).toEqual(recordedListing(world.home));
		expect(readState(world.home).openIntents).toBe(0);
		expect((await world.davit(["deploy", "tiny.yml"])).stderr).toBe(NOTHING);
		expect(await onVm("db/0", "sudo cat /var/vcap/store/data")).toContain("kept");
	}

	test("--report tells what is wrong; --auto makes what is gone, powers on what is off, and leaves the rest", async () => {
		expect(await reported()).toEqual([]);
		const { ips, vm } = recordOf("web/0");
		await provider.cpi.deleteVm(vmOf("web/0"), options);
		pullPlug("web/1");
		await detach();
		const found = ["missing_vm web/0", "stopped_vm web/1", "mount_info_mismatch db/0"];
		expect(await reported()).toEqual(found);
		const kinds = await resolve("--auto");
		expect(kinds).toEqual(expect.arrayContaining(["create-vm", "start", "power-on"]));
		expect(kinds).not.toContain("attach-disk");
		expect(recordOf("web/0").ips).toEqual(ips);
		expect(vmOf("web/0")).not.toBe(vm?.cid);
		expect(await reported()).toEqual(found.slice(2));
		// The VM that nobody waited for: its post-start is passed over as in BOSH, its post-deploy comes with the next deploy.
		expect(kinds.filter((kind) => kind === "post-start")).toEqual([]);

		expect(await resolve("--resolution", "missing_vm=recreate_vm")).toEqual([]);
		expect(await resolve("--resolution", "mount_info_mismatch=reattach_disk")).toEqual(
			expect.arrayContaining(["stop", "detach-disk", "attach-disk", "start", "post-start"]),
		);
		expect(await reported()).toEqual([]);
		expect((await world.davit(["deploy", "tiny.yml"])).code).toBe(0);
		expect(await onVm("web/0", "cat /var/vcap/sys/log/order")).toBe("app start\napp post-deploy\n");
		await isWhole();
		const { stdout } = await world.davit(["tasks", "--json"]);
		expect(stdout).toContain('"command":"cloud-check"');
	});

	test("a frozen VM is left by --auto, rebooted if that is chosen, and never recreated without consent", async () => {
		freeze("db/0");
		expect(await reported()).toEqual(["unresponsive_agent db/0"]);
		expect(await resolve("--auto")).toEqual([]);
		await refuses(["--resolution", "db/0=recreate_vm"], 4, /VM vm-\w+ of db\/0 is deleted, and a new one is made/);
		const vm = vmOf("db/0");
		const first = firstProcess(world.home, vm);
		expect(await resolve("--resolution", "unresponsive_agent=reboot_vm")).toEqual(
			expect.arrayContaining(["power-on", "attach-disk", "start"]),
		);
		expect(vmOf("db/0")).toBe(vm);
		expect(firstProcess(world.home, vm)).not.toBe(first);
		await isWhole();
	});

	test("killed in each kind of step of a recreation, and run again, it comes to the same end", async () => {
		const vm = vmOf("db/0");
		await provider.cpi.deleteVm(vm, options);
		const all = ["--resolution", "db/0=recreate_vm", "--resolution", "finish_update"];
		const killed = await killInEachKind(world, ["cloud-check", "-n", ...all]);
		expect([...killed]).toEqual(
			expect.arrayContaining(["detach-disk", "delete-vm", "create-vm", "bootstrap-vm", "attach-disk", "start"]),
		);
		expect(vmOf("db/0")).not.toBe(vm);
		expect(await resolve("--auto")).toEqual([]);
		expect((await world.davit(["deploy", "tiny.yml"])).code).toBe(0);
		await isWhole();
	});

	test("a disk that hangs at another VM is taken from it, with consent, and its VM is rebooted", async () => {
		await detach();
		await provider.cpi.attachDisk(vmOf("web/0"), diskOf(), { ...options, mountPoint: "/mnt" });
		expect(await reported()).toEqual(["mount_info_mismatch db/0"]);
		const args = ["--resolution", "db/0=reattach_disk_and_reboot"];
		await refuses(args, 4, /disk disk-\w+ is taken from VM vm-/);
		const first = firstProcess(world.home, vmOf("db/0"));
		await resolve("-n", ...args);
		expect(firstProcess(world.home, vmOf("db/0"))).not.toBe(first);
		const record = JSON.parse(readFileSync(join(world.home, "local/disks", diskOf(), "disk.json"), "utf8"));
		expect(record.attached.vm).toBe(vmOf("db/0"));
		await isWhole();
	});

	test("when most VMs are silent nothing is done to them, unless that is meant", async () => {
		for (const instance of ["web/0", "web/1"]) freeze(instance);
		const { events } = await world.told(["cck", "--report"]);
		const codes = events.flatMap((event) => (event.type === "problem" ? [event.problem.code] : []));
		expect(codes).toEqual(["cut-off", "problems-found"]);
		await refuses(["--resolution", "reboot_vm"], 4, /2 of 3 VMs do not answer, and the cloud says that they run/);
		await resolve("--resolution", "reboot_vm", "--allow-unresponsive");
		await isWhole();
	});

	test("a VM and a disk that no record knows are told, and dealt with as is chosen", async () => {
		freeze("web/1");
		const vm = vmOf("web/1");
		await resolve("-n", "--resolution", "web/1=delete_vm_reference");
		const { owner } = JSON.parse(readFileSync(join(world.home, "local/disks", diskOf(), "disk.json"), "utf8"));
		const request = { key: "stray", owner, sizeMib: 10, cloudProperties: {}, metadata: {} };
		const disk = await provider.cpi.createDisk(request, options);
		expect(await reported()).toEqual(["missing_vm web/1", `unknown_vm ${vm}`, `unknown_disk ${disk}`]);
		await resolve("-n", "--resolution", "unknown_vm=delete_vm", "--resolution", "orphan_disk");
		expect(await reported()).toEqual(["missing_vm web/1"]);
		expect(readState(world.home).disks.find(({ cid }) => cid === disk)?.orphanedAt).toBeGreaterThan(0);
		await resolve("--resolution", "recreate_vm");
		expect((await world.davit(["delete-disk", "-n", disk])).code).toBe(0);
		await isWhole();
	});

	test("on a terminal it asks about each problem, and an empty answer is the default", async () => {
		pullPlug("web/0");
		await detach();
		await onTerminal(world, 'davit cck; echo "exit code $?"', async (terminal) => {
			await terminal.until(/1\. stopped_vm: VM vm-\w+ of web\/0 is powered off/);
			await terminal.until(/1: reboot_vm: .* \(default\)/);
			await terminal.until(/Which \(1-5\)\? /);
			terminal.type("\r");
			await terminal.until(/2: reattach_disk: /);
			await terminal.until(/Which \(1-3\)\? /);
			terminal.type("2\r");
			await terminal.until(/2 of 2 problems resolved/);
			await terminal.until(/exit code 0/);
		});
		await isWhole();
	});

	test("what a deploy that was cut short was copying a disk to is inactive, and can be given up", async () => {
		wantDisk(60);
		expect(await killAt(world, ["deploy", "-n", "tiny.yml"], (kind) => kind === "copy-disk")).toBe("copy-disk");
		wantDisk(100);
		expect(await reported()).toContain("inactive_disk db/0");
		const copy = readState(world.home).disks.find(({ copyOf }) => copyOf !== undefined)?.cid;
		expect(await resolve("--resolution", "delete_disk")).toEqual(["discard-copy"]);
		expect(readState(world.home).disks.find(({ cid }) => cid === copy)?.orphanedAt).toBeGreaterThan(0);
		expect(await reported()).not.toContain("inactive_disk db/0");
		expect((await world.davit(["deploy", "tiny.yml"])).code).toBe(0);
		expect((await world.davit(["delete-disk", "-n", String(copy)])).code).toBe(0);
		await isWhole();
	});

	test("a disk that is gone holds its instance until it may be forgotten", async () => {
		const disk = diskOf();
		await detach();
		await provider.cpi.deleteDisk(disk, options);
		await provider.cpi.deleteVm(vmOf("db/0"), options);
		expect(await reported()).toEqual(["missing_vm db/0", "missing_disk db/0"]);
		expect(await resolve("--auto")).toEqual([]);
		await refuses(["--resolution", "delete_disk_reference"], 4, /is forgotten; it gets an empty one/);
		await resolve("-n", "--resolution", "delete_disk_reference", "--resolution", "recreate_vm");
		expect(diskOf()).not.toBe(disk);
		await onVm("db/0", "sudo sh -c 'echo kept >/var/vcap/store/data'");
		await isWhole();
	});
});

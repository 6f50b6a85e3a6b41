import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DavitEvent } from "../../src/events.ts";
import { openWorld, type World } from "../support/acceptance.ts";
import { startedKinds } from "../support/acceptance-golden.ts";
import { firstProcess, listingOf, readState, recordedListing, vmRoot } from "../support/acceptance-state.ts";
import { oneUser } from "../support/ordinary-user.ts";
import { notingHooks, tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const HOOKS = ["pre-start", "post-start", "post-deploy", "drain"] as const;
const CONFIG = "var/vcap/jobs/app/config/app";

describe.each(oneUser)("what changed behind davit's back, as $name", (user) => {
	let world: World;

	beforeAll(async () => {
		world = openWorld(user);
		writeTinyRelease(world, "release", {
			jobs: { app: { templates: { "config/app": "as rendered\n" }, hooks: notingHooks(HOOKS) } },
		});
		const groups = [tinyGroup("web"), tinyGroup("db", "app", { persistent_disk: 100 })];
		world.write("tiny.yml", tinyManifest(groups));
		const { code, stderr } = await world.davit(["deploy", "tiny.yml"]);
		expect(code, stderr).toBe(0);
		await inVm("db/0", "sudo sh -c 'echo kept >/var/vcap/store/data'");
	});
	afterAll(() => world.close());

	async function inVm(instance: string, command: string): Promise<void> {
		const { code, stderr } = await world.davit(["ssh", instance, "-c", command]);
		expect(code, `${command}: ${stderr}`).toBe(0);
	}

	/** The deploy that changes nothing in the manifest: what it found, why, and what it did about it; the one after it does nothing. */
	async function mended(
		args: readonly string[] = [],
	): Promise<{ changes: readonly string[]; kinds: readonly string[] }> {
		const { code, events, stdout, stderr } = await world.told(["deploy", ...args, "tiny.yml"]);
		expect(code, stderr || stdout).toBe(0);
		const plan = events.find((event): event is DavitEvent & { type: "plan" } => event.type === "plan");
		const again = await world.davit(["deploy", "tiny.yml"]);
		expect(again).toEqual({ code: 0, stdout: "", stderr: "tiny: nothing to do, all is as the manifest says\n" });
		expect(listingOf(world.home)).toEqual(recordedListing(world.home));
		const kinds = startedKinds(events).filter((kind) => kind !== "post-deploy" && kind !== "record-deploy");
		return { changes: (plan?.changes ?? []).map((change) => change.replace(/vm-[0-9a-f]{16}/, "VM")), kinds };
	}

	/** The kinds of steps that stop an instance's jobs and bring them up anew. */
	const restart = ["stop", "update-names", "install-jobs", "pre-start", "start", "post-start"];

	test("a rendered file that is gone comes back", async () => {
		rmSync(join(realRoot("web/0"), readPath("web/0", CONFIG)));
		expect(await mended()).toEqual({
			changes: ["update web/0 (files: /var/vcap/jobs/app/config/app is gone)"],
			kinds: ["render", ...restart],
		});
		expect(readFileSync(join(realRoot("web/0"), readPath("web/0", CONFIG)), "utf8")).toBe("as rendered\n");
	});

	test.each([
		["stopped", "stop"],
		["left unwatched", "unmonitor"],
	])("a process that was %s is started and watched again, and nothing else", async (_, action) => {
		await inVm("web/0", `sudo /var/vcap/bosh/bin/monit ${action} app`);
		expect(await mended()).toEqual({ changes: ["update web/0 (process: app does not run)"], kinds: ["start"] });
	});

	test("a process that was killed runs again, by the supervisor or by the deploy", async () => {
		await inVm("web/0", "sudo kill -KILL $(cat /var/vcap/sys/run/app/app.pid)");
		const { kinds } = await mended();
		expect(["", "start"]).toContain(kinds.join());
		// A deploy that came before the supervisor's next look had nothing to do: the supervisor has.
		await inVm(
			"web/0",
			"timeout 60 sh -c 'until sudo kill -0 $(cat /var/vcap/sys/run/app/app.pid); do sleep 0.2; done'",
		);
	});

	test("a disk that was unmounted is mounted again, with its data, while its jobs are stopped", async () => {
		await inVm("db/0", "sudo umount /var/vcap/store");
		expect(await mended()).toEqual({
			changes: ["update db/0 (mount: the persistent disk is not mounted)"],
			kinds: ["render", "stop", "attach-disk", ...restart.slice(1)],
		});
		await inVm("db/0", "grep -q kept /var/vcap/store/data");
	});

	test("a disk that was detached at the provider is attached again, with its data", async () => {
		await inVm("db/0", "sudo umount /var/vcap/store");
		const [cid = ""] = listingOf(world.home).disks;
		const file = join(world.home, "local/disks", cid, "disk.json");
		const { attached: _, ...detached } = JSON.parse(readFileSync(file, "utf8"));
		writeFileSync(file, JSON.stringify(detached));
		expect((await mended()).kinds).toContain("attach-disk");
		await inVm("db/0", "grep -q kept /var/vcap/store/data");
	});

	test("a VM whose plug was pulled is powered on, and keeps its data", async () => {
		const vm = vmOf("db/0");
		process.kill(firstProcess(world.home, vm), "SIGKILL");
		expect(await mended()).toEqual({
			changes: ["update db/0 (stopped_vm: VM VM is powered off)"],
			kinds: ["power-on", "attach-disk", "start"],
		});
		expect(vmOf("db/0")).toBe(vm);
		await inVm("db/0", "grep -q kept /var/vcap/store/data");
	});

	test("a VM that is gone at the provider is made anew, with the disk's data and its address", async () => {
		const { ips, vm } = recordOf("db/0");
		process.kill(firstProcess(world.home, vm?.cid ?? ""), "SIGKILL");
		rmSync(join(world.home, "local/vms", vm?.cid ?? ""), { recursive: true, force: true });
		const { changes, kinds } = await mended();
		expect(changes).toEqual(["create db/0 (missing_vm: VM VM is gone)"]);
		expect(kinds).toEqual(expect.arrayContaining(["create-vm", "bootstrap-vm", "attach-disk", "start"]));
		expect(kinds).not.toContain("create-disk");
		expect(recordOf("db/0").ips).toEqual(ips);
		await inVm("db/0", "grep -q kept /var/vcap/store/data");
	});

	function recordOf(instance: string) {
		const found = readState(world.home).instances.find(({ group, index }) => `${group}/${index}` === instance);
		if (!found) throw new Error(`no ${instance}`);
		return found;
	}
	const vmOf = (instance: string) => recordOf(instance).vm?.cid ?? "";
	const realRoot = (instance: string) => vmRoot(world.home, instance);
	/** A job's link leads to an absolute path of the VM. */
	function readPath(instance: string, path: string): string {
		const { applied } = recordOf(instance);
		return path.replace("var/vcap/jobs/app", `var/vcap/data/jobs/app/${applied?.jobs.app?.output}`);
	}
});

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { openWorld, type World } from "../support/acceptance.ts";
import { killAt, killInEachKind } from "../support/acceptance-cut.ts";
import { golden, startedKinds } from "../support/acceptance-golden.ts";
import { listingOf, readState, recordedListing, vmRoot } from "../support/acceptance-state.ts";
import { users } from "../support/ordinary-user.ts";
import { notingHooks, tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const user = users.at(-1) ?? { name: "nobody", argv: [] };

describe(`attach-disk as ${user.name}`, () => {
	let world: World;
	/** Of db/0, and of db/1, which is no more. */
	let own = "";
	let orphan = "";

	beforeAll(async () => {
		world = openWorld(user);
		const hooks = notingHooks(["drain", "post-stop", "pre-start", "post-start", "post-deploy"]);
		writeTinyRelease(world, "release", { jobs: { app: { hooks } } });
		await deploy(2);
		for (const instance of ["db/0", "db/1"])
			await onVm(instance, `sudo sh -c 'echo of ${instance} >/var/vcap/store/data'`);
		await deploy(1);
		own = diskOf("db/0");
		orphan = listingOf(world.home).disks.find((cid) => cid !== own) ?? "";
	});
	afterAll(() => world.close());

	async function deploy(instances: number): Promise<void> {
		const groups = [tinyGroup("db", "app", { instances, persistent_disk: 100 }), tinyGroup("web", [])];
		world.write("tiny.yml", tinyManifest(groups));
		const { code, stderr } = await world.davit(["deploy", "-n", "tiny.yml"]);
		expect(code, stderr).toBe(0);
	}

	async function onVm(instance: string, command: string): Promise<void> {
		const { code, stderr } = await world.davit(["ssh", instance, "-c", command]);
		expect(code, `${command}: ${stderr}`).toBe(0);
	}

	const diskOf = (instance: string): string =>
		readState(world.home).instances.find(({ group, index }) => `${group}/${index}` === instance)?.disk ?? "";

	/** The instance runs with the disk, the other is orphaned, and there is nothing left to do for anybody. */
	async function expectAttached(disk: string, data: string): Promise<void> {
		await onVm("db/0", `grep -qx '${data}' /var/vcap/store/data`);
		expect(diskOf("db/0")).toBe(disk);
		const { disks, openIntents } = readState(world.home);
		expect(openIntents).toBe(0);
		const orphans = disks.filter(({ orphanedAt }) => orphanedAt !== undefined).map(({ cid }) => cid as string);
		expect(orphans).toEqual([own, orphan].filter((cid) => cid !== disk));
		expect(listingOf(world.home)).toEqual(recordedListing(world.home));
		const again = await world.davit(["deploy", "tiny.yml"]);
		expect(again).toEqual({ code: 0, stdout: "", stderr: "tiny: nothing to do, all is as the manifest says\n" });
	}

	/** What happened on db/0 since its process was last stopped. */
	function sinceStop(): readonly string[] {
		const order = readFileSync(join(vmRoot(world.home, "db/0"), "var/vcap/data/sys/log/order"), "utf8");
		const lines = order.trim().split("\n");
		return lines.slice(lines.lastIndexOf("app stop"));
	}

	test("killed once in each kind of step, one after the other: the end is the same, no data is lost", async () => {
		const killed = await killInEachKind(world, ["attach-disk", "db/0", orphan]);
		expect([...killed]).toEqual(
			expect.arrayContaining(["render", "stop", "detach-disk", "attach-disk", "install-jobs", "start", "post-deploy"]),
		);
		await expectAttached(orphan, "of db/1");
	});

	test("stops the instance, attaches, starts it in BOSH's order, and says so; again does nothing", async () => {
		const { code, events } = await world.told(["attach-disk", "db/0", own]);
		expect(code).toBe(0);
		expect(startedKinds(events)).toEqual([
			"render",
			"stop",
			"detach-disk",
			"attach-disk",
			"update-names",
			"install-jobs",
			"pre-start",
			"start",
			"post-start",
			"post-deploy",
		]);
		const texts = events.flatMap((event) =>
			event.type === "note" ? [event.text] : event.type === "plan" ? event.changes : [],
		);
		expect(texts).toEqual([
			`update db/0 (persistent_disk: ${own} instead of ${orphan})`,
			`db/0: has disk ${own}`,
			`Kept, orphaned: ${orphan}. davit disks --orphaned lists it.`,
		]);
		expect(sinceStop()).toEqual([
			"app stop",
			"app post-stop",
			"app pre-start",
			"app start",
			"app post-start",
			"app post-deploy",
		]);
		await expectAttached(own, "of db/0");
		const again = await world.davit(["attach-disk", "db/0", own]);
		expect(again).toEqual({ code: 0, stdout: "", stderr: `db/0: nothing to do, it has disk ${own}\n` });
	});

	test("killed when the provider has attached it, before that was recorded: a deploy goes on with it", async () => {
		const running = world.start(["attach-disk", "db/0", orphan]);
		const record = join(world.home, "local/disks", orphan, "disk.json");
		await vi.waitUntil(() => "attached" in JSON.parse(readFileSync(record, "utf8")), { timeout: 120_000, interval: 1 });
		running.signal("SIGKILL");
		await running.ended;
		const { code, stderr } = await world.davit(["deploy", "tiny.yml"]);
		expect(code, stderr).toBe(0);
		await expectAttached(orphan, "of db/1");
	});

	test.each([
		["no such disk", 1, () => ["db/0", "disk-0000000000000000"]],
		["a disk that another instance has", 1, () => ["web/0", orphan]],
		["no such instance", 64, () => ["db/7", own]],
		["no such deployment", 1, () => ["db/0", own, "-d", "tyni"]],
	])("%s: says so and changes nothing", async (what, expected, args) => {
		const before = readState(world.home);
		const { code, stdout, stderr } = await world.davit(["attach-disk", ...args()]);
		expect({ code, stdout }, stderr).toEqual({ code: expected, stdout: "" });
		await expect(golden(stderr)).toMatchFileSnapshot(`golden/attach-disk-${what.replaceAll(" ", "-")}.golden`);
		expect(readState(world.home)).toEqual(before);
	});

	test("a disk that was made behind davit's back is attached with --disk-properties copy, also after a kill, and is like the one before", async () => {
		const foreign = "disk-00c0ffee00c0ffee";
		const folder = join(world.home, "local/disks", foreign);
		// As from a snapshot: at the cloud, with the data, in no record, and none of this store's.
		execFileSync("cp", ["-a", join(world.home, "local/disks", own), folder]);
		const { attached: _, ...copied } = JSON.parse(readFileSync(join(folder, "disk.json"), "utf8"));
		const owner = { store: "another", deployment: "other" };
		writeFileSync(join(folder, "disk.json"), JSON.stringify({ ...copied, cid: foreign, key: "by-hand", owner }));
		const before = readState(world.home);
		const recordOf = (cid: string) => readState(world.home).disks.find((disk) => disk.cid === cid);
		const replaced = recordOf(diskOf("db/0"));

		const without = await world.davit(["attach-disk", "db/0", foreign]);
		expect(without).toMatchObject({ code: 1, stderr: expect.stringContaining("needs --disk-properties copy") });
		const absent = await world.davit(["attach-disk", "db/0", "disk-0000000000000000", "--disk-properties", "copy"]);
		expect(absent).toMatchObject({
			code: 1,
			stderr: expect.stringContaining('there is no disk "disk-0000000000000000"'),
		});
		const other = await world.davit(["attach-disk", "db/0", foreign, "--disk-properties", "all"]);
		expect(other).toMatchObject({ code: 64, stderr: expect.stringContaining("--disk-properties all: not known") });
		expect(readState(world.home)).toEqual(before);

		const attaching = ["attach-disk", "db/0", foreign, "--disk-properties", "copy"];
		expect(await killAt(world, attaching, (kind) => kind === "attach-disk")).toBe("attach-disk");
		const { code, stderr } = await world.davit(attaching);
		expect(code, stderr).toBe(0);
		await onVm("db/0", "grep -qx 'of db/0' /var/vcap/store/data");
		expect(diskOf("db/0")).toBe(foreign);
		const { sizeMib, cloudProperties } = recordOf(foreign) ?? {};
		expect({ sizeMib, cloudProperties }).toEqual({
			sizeMib: replaced?.sizeMib,
			cloudProperties: replaced?.cloudProperties,
		});
		expect(recordOf(replaced?.cid ?? "")?.orphanedAt).toBeDefined();
		const again = await world.davit(["deploy", "tiny.yml"]);
		expect(again.stderr).toBe("tiny: nothing to do, all is as the manifest says\n");
	});
});

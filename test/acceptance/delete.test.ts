import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { openWorld, type World } from "../support/acceptance.ts";
import { interruptInEachKind, killInEachKind } from "../support/acceptance-cut.ts";
import { leftovers } from "../support/acceptance-leftovers.ts";
import { firstProcess, listingOf, processesBeside, readState, recordedListing } from "../support/acceptance-state.ts";
import { oneUser } from "../support/ordinary-user.ts";
import { notingHooks, tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const DELETE = ["delete-deployment", "-n"];

describe.each(oneUser)("delete-deployment as $name", (user) => {
	let world: World;

	beforeAll(() => {
		world = openWorld(user);
		writeTinyRelease(world, "release", { jobs: { app: { hooks: notingHooks(["drain"]) } } });
		world.write("tiny.yml", tinyManifest([tinyGroup("db", "app", { persistent_disk: 100 }), tinyGroup("web")]));
	});
	afterAll(() => world.close());

	const vmOf = (instance: string) =>
		readState(world.home).instances.find(({ group, index }) => `${group}/${index}` === instance)?.vm?.cid ?? "";

	async function deploy(): Promise<void> {
		const { code, stderr } = await world.davit(["deploy", "tiny.yml"]);
		expect(code, stderr).toBe(0);
	}

	async function onDb(command: string): Promise<void> {
		const { code, stderr } = await world.davit(["ssh", "db/0", "-c", command]);
		expect(code, `${command}: ${stderr}`).toBe(0);
	}

	async function orphaned(): Promise<readonly string[]> {
		const { events } = await world.told(["disks", "--orphaned"]);
		return events.flatMap((event) =>
			event.type === "table" ? event.rows.map(({ disk_cid }) => String(disk_cid)) : [],
		);
	}

	/** The end that every way must lead to: nothing of a VM is there, the disks are, and what is recorded says so. */
	async function expectDeleted(disks: readonly string[]): Promise<void> {
		expect(leftovers(world.folder)).toEqual([]);
		expect(listingOf(world.home)).toEqual({ vms: [], disks });
		expect(recordedListing(world.home)).toEqual({ vms: [], disks });
		expect(readState(world.home)).toMatchObject({ instances: [], openIntents: 0 });
		expect(await orphaned()).toEqual(disks);
	}

	test("needs consent; killed when a VM has begun to end and started again: nothing of the VMs is left, the disk is kept and told", async () => {
		await deploy();
		await onDb("sudo sh -c 'echo kept >/var/vcap/store/data'");
		const before = listingOf(world.home);
		expect(await world.davit(["delete-deployment"])).toMatchObject({ code: 4, stdout: "" });
		expect(listingOf(world.home)).toEqual(before);
		const process = firstProcess(world.home, vmOf("web/0"));
		const running = world.start(DELETE);
		await vi.waitUntil(() => !existsSync(`/proc/${process}`), { timeout: 120_000, interval: 1 });
		running.signal("SIGKILL");
		await running.ended;
		const { code, stderr } = await world.davit(DELETE);
		expect(code, stderr).toBe(0);
		expect(stderr).toContain(`Kept, orphaned: ${before.disks}.`);
		await expectDeleted(before.disks);
		expect(await world.davit(DELETE)).toEqual({
			code: 1,
			stdout: "",
			stderr:
				"error: no deployment is recorded here\n  → davit deploy makes one; --state or DAVIT_HOME chooses another store\n",
		});
	});

	test("the disk is attached to the next deployment's instance, with its data; its own is kept", async () => {
		const [kept = ""] = await orphaned();
		await deploy();
		const own = listingOf(world.home).disks.filter((cid) => cid !== kept);
		const { code, stderr } = await world.davit(["attach-disk", "db/0", kept]);
		expect(code, stderr).toBe(0);
		expect(await orphaned()).toEqual(own);
		await onDb("grep -q kept /var/vcap/store/data");
	});

	test("killed once in each kind of step, one after the other: the end is the same", async () => {
		const { disks } = listingOf(world.home);
		expect([...(await killInEachKind(world, DELETE))].sort()).toEqual([
			"delete-instance",
			"delete-vm",
			"detach-disk",
			"forget-deployment",
			"orphan-disk",
			"stop",
		]);
		await expectDeleted(disks);
	});

	test("Ctrl-C in each kind of step: it stops cleanly, the next goes on, the end is the same", async () => {
		await deploy();
		const { disks } = listingOf(world.home);
		expect([...(await interruptInEachKind(world, DELETE))]).toEqual(
			expect.arrayContaining(["stop", "delete-vm", "delete-instance", "detach-disk", "orphan-disk"]),
		);
		await expectDeleted(disks);
	});

	test("a VM that is off and one that does not answer are deleted all the same", async () => {
		await deploy();
		const { disks } = listingOf(world.home);
		process.kill(firstProcess(world.home, vmOf("db/0")), "SIGKILL");
		for (const pid of processesBeside(firstProcess(world.home, vmOf("web/0")))) process.kill(pid, "SIGSTOP");
		const { code, stderr } = await world.davit(DELETE);
		expect(code, stderr).toBe(0);
		expect(stderr).toContain("web/0 (it does not answer)");
		await expectDeleted(disks);
	});
});

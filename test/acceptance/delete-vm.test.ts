import { afterAll, beforeAll, expect, test } from "vitest";
import { openWorld, type World } from "../support/acceptance.ts";
import { golden } from "../support/acceptance-golden.ts";
import { listingOf, readState } from "../support/acceptance-state.ts";
import { expectFailure } from "../support/bad-input.ts";
import { users } from "../support/ordinary-user.ts";
import { tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const user = users.at(-1) as (typeof users)[number];
let world: World;

const succeed = async (args: readonly string[]) => {
	const { code, stdout, stderr } = await world.davit(args);
	expect(code, stderr).toBe(0);
	return { stdout: stdout.trimEnd(), stderr: golden(stderr) };
};
const data = async () => (await succeed(["ssh", "db/0", "-c", "sudo sh -c 'cat /var/vcap/store/data || true'"])).stdout;
const vmCid = () => String(readState(world.home).instances[0]?.vm?.cid);
const diskCid = () => String(readState(world.home).disks[0]?.cid);

beforeAll(async () => {
	world = openWorld(user);
	writeTinyRelease(world, "release", { jobs: { app: {} } });
	world.write("tiny.yml", tinyManifest([tinyGroup("db", "app", { persistent_disk: 64 })]));
	await succeed(["deploy", "tiny.yml"]);
	await succeed(["ssh", "db/0", "-c", "sudo sh -c 'echo kept >/var/vcap/store/data'"]);
});
afterAll(() => world.close());

test("delete-vm: another VM takes the place of one that was deleted, with the data", async () => {
	await expectFailure(world, ["delete-vm", "vm-none", "-n"], "a delete-vm of a VM that is none", { code: 64 });
	await expectFailure(world, ["delete-vm", "db/0"], "a delete-vm in a pipe", { code: 4 });
	const first = vmCid();
	expect(listingOf(world.home).vms).toEqual([first]);
	await succeed(["delete-vm", first, "-n"]);
	expect(listingOf(world.home)).toEqual({ vms: [], disks: [diskCid()] });
	await expectFailure(world, ["delete-vm", "db/0", "-n"], "a delete-vm of an instance without a VM");
	await succeed(["deploy", "-n", "tiny.yml"]);
	expect(vmCid()).not.toBe(first);
	expect(await data()).toBe("kept");
	await succeed(["delete-vm", "db/0", "-n"]);
	await expectFailure(world, ["cloud-check"], "a cloud-check in a pipe", { code: 64 });
	await expectFailure(world, ["cck", "--resolution", "db/7=recreate"], "a cloud-check with no resolution", {
		code: 64,
	});
	expect(await world.davit(["cck", "--report"])).toMatchObject({
		code: 1,
		stdout: expect.stringMatching(/1 +missing_vm +db\/0/),
	});
	await succeed(["cloud-check", "--resolution", "missing_vm=recreate_vm"]);
	expect((await succeed(["cck", "--report"])).stderr).toBe("tiny: no problems\n");
	await succeed(["ignore", "db/0"]);
	await expectFailure(world, ["delete-vm", "db/0", "-n"], "a delete-vm of an ignored instance");
	await succeed(["unignore", "db/0"]);
	expect((await succeed(["deploy", "-n", "tiny.yml"])).stderr).toContain("nothing to do");
});

test("orphan-disk: the instance starts with an empty disk, and attach-disk gives the other back", async () => {
	const cid = diskCid();
	await expectFailure(world, ["orphan-disk", "disk-none", "-n"], "an orphan-disk of a disk that is none", { code: 64 });
	await expectFailure(world, ["orphan-disk", cid, "-n"], "an orphan-disk of a disk in use");
	await succeed(["stop", "-n", "--hard", "db/0"]);
	await expectFailure(world, ["orphan-disk", cid], "an orphan-disk in a pipe", { code: 4 });
	expect((await succeed(["orphan-disk", cid, "-n"])).stderr).toContain("Kept, orphaned: disk-CID");
	await succeed(["start", "db/0"]);
	expect(await data()).toBe("");
	expect(listingOf(world.home).disks).toHaveLength(2);
	await succeed(["attach-disk", "db/0", cid]);
	expect(await data()).toBe("kept");
});

test("start, killed as its VM is being made: the next one clears it away, and makes another at the same address", async () => {
	await succeed(["stop", "-n", "--hard", "db/0"]);
	const starting = world.start(["start", "db/0"]);
	await expect.poll(() => listingOf(world.home).vms.length, { interval: 2, timeout: 60_000 }).toBe(1);
	starting.signal("SIGKILL");
	expect((await starting.ended).code).toBeUndefined();
	await succeed(["start", "db/0"]);
	expect(listingOf(world.home).vms).toEqual([vmCid()]);
	expect(await data()).toBe("kept");
});

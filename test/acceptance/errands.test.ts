import { afterAll, beforeAll, expect, test } from "vitest";
import { openWorld, type World } from "../support/acceptance.ts";
import { listingOf, recordedListing } from "../support/acceptance-state.ts";
import { runErrand } from "../support/errands.ts";
import { users } from "../support/ordinary-user.ts";
import { tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const user = users.at(-1) as (typeof users)[number];
const NOTHING = "tiny: nothing to do, all is as the manifest says\n";
let world: World;

beforeAll(async () => {
	world = openWorld(user);
	writeTinyRelease(world, "release", {
		jobs: {
			app: {},
			smoke: { process: false, hooks: { run: "echo smoke on $(hostname)" } },
			slow: { process: false, hooks: { run: "sleep 2" } },
		},
	});
	const jobs = ["app", "smoke"].map((name) => ({ name, release: "tiny" }));
	const groups = [
		tinyGroup("web", jobs, { instances: 2 }),
		tinyGroup("db", [...jobs, { name: "slow", release: "tiny" }]),
		tinyGroup("checks", "smoke", { lifecycle: "errand" }),
	];
	world.write("tiny.yml", tinyManifest(groups));
	const { code, stderr } = await world.davit(["deploy", "tiny.yml"]);
	expect(code, stderr).toBe(0);
});
afterAll(() => world.close());

const run = (args: readonly string[]) => runErrand(world, args);

test("an errand beside services runs on all instances that have it, or on those that are named", async () => {
	expect((await run(["smoke"])).on).toEqual(["db/0", "web/0", "web/1"]);
	expect((await run(["smoke", "--instance", "web/1", "--instance", "db"])).on).toEqual(["db/0", "web/1"]);
	expect(await run(["smoke", "--instance", "web"])).toEqual({ on: ["web/0", "web/1"], kinds: ["errand", "errand"] });
	const nowhere = await world.davit(["run-errand", "smoke", "--instance", "api"]);
	expect(nowhere).toMatchObject({ code: 64, stderr: expect.stringContaining('there is no instance "api"') });
});

test("an errand of its own group has its VM while it runs; --keep-alive keeps it, also from a deploy, until a run without", async () => {
	const before = listingOf(world.home).vms;
	expect((await run(["checks"])).on).toEqual(["checks/0"]);
	expect(listingOf(world.home).vms).toEqual(before);

	const kept = await run(["checks", "--keep-alive"]);
	expect(kept.on).toEqual(["checks/0"]);
	expect(kept.kinds).not.toContain("delete-vm");
	const { vms } = listingOf(world.home);
	expect(vms).toHaveLength(before.length + 1);
	expect(await world.davit(["deploy", "tiny.yml"])).toMatchObject({ code: 0, stderr: NOTHING });
	const again = await run(["checks", "--keep-alive"]);
	expect(again.kinds).toEqual(["errand"]);
	expect(listingOf(world.home).vms).toEqual(vms);

	const last = await run(["checks"]);
	expect(last.kinds).not.toContain("create-vm");
	expect(listingOf(world.home).vms).toEqual(before);
	expect(listingOf(world.home)).toEqual(recordedListing(world.home));
});

test("--with-heartbeat tells that it runs", async () => {
	const waits = async (...args: readonly string[]) => {
		const { code, events } = await world.told(["run-errand", "slow", ...args]);
		expect(code).toBe(0);
		return events.filter(({ type }) => type === "step-waiting").length;
	};
	expect(await waits("--with-heartbeat=1")).toBeGreaterThan(0);
	expect(await waits("--with-heartbeat")).toBe(0);
	const { code, stderr } = await world.davit(["run-errand", "slow", "--with-heartbeat=often"]);
	expect({ code, stderr }).toEqual({
		code: 64,
		stderr: expect.stringContaining("--with-heartbeat often: that is no number of seconds"),
	});
});

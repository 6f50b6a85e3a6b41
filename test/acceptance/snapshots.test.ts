import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openWorld, type World } from "../support/acceptance.ts";
import { users } from "../support/ordinary-user.ts";
import { tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const user = users.at(-1) as (typeof users)[number];

describe("snapshots of persistent disks", () => {
	let world: World;
	const write = (value: number) => {
		const app = { name: "app", release: "tiny", properties: { value } };
		world.write("tiny.yml", tinyManifest([tinyGroup("db", [app], { persistent_disk: 64 }), tinyGroup("web", [app])]));
	};
	const rows = async () => {
		const { events } = await world.told(["snapshots"]);
		return events.flatMap((event) => (event.type === "table" ? event.rows : []));
	};

	beforeAll(async () => {
		world = openWorld(user);
		writeTinyRelease(world, "release", {
			jobs: { app: { properties: { value: {} }, templates: { "config/value": "<%= p('value') %>\n" } } },
		});
		write(1);
		const { code, stderr } = await world.davit(["deploy", "tiny.yml"]);
		expect(code, stderr).toBe(0);
	});
	afterAll(() => world.close());

	test("one is taken of each disk that is chosen, and listed with what it is of", async () => {
		expect(await rows()).toEqual([]);
		expect((await world.davit(["take-snapshot", "web"])).stderr).toContain(
			"none of these instances has a persistent disk",
		);
		const { code, stderr } = await world.davit(["take-snapshot"]);
		expect(code, stderr).toBe(0);
		expect(await rows()).toEqual([
			{
				snapshot_cid: expect.stringMatching(/^snapshot-/),
				instance: "db/0",
				disk_cid: expect.stringMatching(/^disk-/),
				cpi: "local",
				created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
			},
		]);
	});

	test("with --snapshots a deploy takes one of each disk whose instance changes, once its jobs are stopped", async () => {
		write(2);
		const { code, events, stderr } = await world.told(["deploy", "tiny.yml", "--snapshots"]);
		expect(code, stderr).toBe(0);
		const steps = events.flatMap((event) => (event.type === "step-finished" ? [event.id] : []));
		expect(steps.filter((id) => id.startsWith("snapshot-disk"))).toEqual(["snapshot-disk db/0"]);
		expect(steps.indexOf("snapshot-disk db/0")).toBeGreaterThan(steps.indexOf("stop db/0"));
		expect(steps.indexOf("snapshot-disk db/0")).toBeLessThan(steps.indexOf("install-jobs db/0"));
		expect(await rows()).toHaveLength(2);
		expect((await world.davit(["deploy", "tiny.yml", "--snapshots"])).stderr).toContain("nothing to do");
	});

	test("they are deleted by their cid or all at once, with consent; whoever deletes the deployment is told of them", async () => {
		const [first, second] = await rows();
		expect((await world.davit(["delete-snapshot"])).code).toBe(64);
		expect((await world.davit(["delete-snapshot", "snapshot-x", "-n"])).stderr).toContain(
			'there is no snapshot "snapshot-x"',
		);
		expect((await world.davit(["delete-snapshot", String(first?.snapshot_cid)])).code).toBe(4);
		expect(await world.davit(["delete-snapshot", String(first?.snapshot_cid), "-n"])).toMatchObject({ code: 0 });
		expect(await rows()).toEqual([second]);
		const asked = await world.davit(["delete-deployment"]);
		expect(asked).toMatchObject({ code: 4, stderr: expect.stringContaining("1 snapshot of its disks is kept") });
		expect(await world.davit(["delete-snapshot", "--all", "-n"])).toMatchObject({ code: 0 });
		expect(await rows()).toEqual([]);
	});
});

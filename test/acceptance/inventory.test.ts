import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openWorld, type World } from "../support/acceptance.ts";
import { users } from "../support/ordinary-user.ts";
import { tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const user = users.at(-1) as (typeof users)[number];

describe("what a state store tells", () => {
	let world: World;
	beforeAll(async () => {
		world = openWorld(user);
		writeTinyRelease(world, "release", {
			jobs: {
				app: { properties: { exit: { default: 0 } }, hooks: { "pre-start": "exit <%= p('exit') %>" } },
				check: { process: false, hooks: { run: "echo checked" } },
				smoke: { process: false, hooks: { run: "true" } },
			},
			packages: { tool: "true" },
		});
		const jobs = (exit: number) => [
			{ name: "app", release: "tiny", properties: { exit } },
			{ name: "check", release: "tiny" },
		];
		const errand = tinyGroup("smoke-tests", "smoke", { lifecycle: "errand" });
		const write = (exit: number) => world.write("tiny.yml", tinyManifest([tinyGroup("web", jobs(exit)), errand]));
		write(3);
		expect((await world.davit(["deploy", "tiny.yml"])).code).toBe(1);
		write(0);
		expect((await world.davit(["deploy", "tiny.yml"])).code).toBe(0);
	});
	afterAll(() => world.close());

	async function shown(...args: readonly string[]): Promise<string> {
		const { code, stdout, stderr } = await world.davit(args);
		expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
		return stdout
			.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME")
			.replace(/0\+dev\.\w+/g, "VERSION")
			.replace(/ +/g, " ");
	}
	/** Without filters of its own: all events, oldest first. */
	async function events(...args: readonly string[]) {
		const { code, stderr, events } = await world.told(["events", "--last", "1000", ...args]);
		expect(code, stderr).toBe(0);
		return events.flatMap((event) => (event.type === "table" ? event.rows : []));
	}
	const rows = (text: string) => text.trimEnd().split("\n").slice(1);

	test("deployments, releases, stemcells, errands", async () => {
		expect(await shown("deployments")).toMatchInlineSnapshot(`
			"deployment instances releases stemcells deployed_at
			tiny 1 tiny/VERSION local/1 TIME
			"
		`);
		expect(await shown("releases")).toMatchInlineSnapshot(`
			"release version jobs packages deployments
			tiny VERSION 3 1 tiny
			"
		`);
		expect(await shown("stemcells")).toMatchInlineSnapshot(`
			"stemcell cpi vms deployments uploaded
			local/1 local 1 tiny -
			"
		`);
		expect(await shown("errands")).toMatchInlineSnapshot(`
			"errand runs_on
			check web/0
			smoke-tests 1 VM of its own
			"
		`);
	});

	test("locks are those that are held at this moment", async () => {
		expect(rows(await shown("locks"))).toEqual([]);
		const errand = world.start(["run-errand", "smoke-tests"]);
		await errand.until((event) => event.type === "step-started" && event.kind === "errand");
		expect(rows(await shown("locks"))).toEqual([
			expect.stringMatching(/^tiny \S+@\S+ pid \d+ \(davit run-errand\) TIME TIME \d+$/),
		]);
		expect(rows(await shown("locks", "-d", "tiny"))).toHaveLength(1);
		expect(rows(await shown("locks", "-d", "other"))).toEqual([]);
		expect((await errand.ended).code).toBe(0);
		expect(rows(await shown("locks"))).toEqual([]);
	});

	test("events are all that was done, what failed among it, by whom and by which plan", async () => {
		const preStarts = rows(await shown("events", "--action", "pre-start", "--instance", "web/0"));
		expect(preStarts.map((row) => row.replace(/ \d+\.\d /, " N "))).toEqual([
			expect.stringMatching(/^\d+ TIME \S+@\S+ pre-start web\/0 failed N hook-failed [0-9a-f]{16} \d+ tiny$/),
			expect.stringMatching(/^\d+ TIME \S+@\S+ pre-start web\/0 done N - [0-9a-f]{16} \d+ tiny$/),
		]);
		const [failed = "", done = ""] = preStarts.map((row) => row.split(" ").at(-3));
		expect(failed).not.toBe(done);
		const all = rows(await shown("events", "--last", "1000"));
		expect(all.filter((row) => row.includes(" create-vm web/0 "))).toHaveLength(1);
		// Of two that went well there is no column of problems.
		expect(rows(await shown("events", "--last", "2"))).toEqual(all.slice(-2).map((row) => row.replace(" - ", " ")));
	});

	test("BOSH's filters choose among events, also together and with --last", async () => {
		const all = await events();
		const only = (fits: (row: (typeof all)[number]) => boolean) => {
			const rows = all.filter(fits);
			expect(rows.length).toBeGreaterThan(0);
			expect(rows.length).toBeLessThan(all.length);
			return rows;
		};
		const half = all[Math.floor(all.length / 2)];
		const [id, time] = [Number(half?.id), String(half?.time)];
		const task = String(half?.task);
		const user = String(half?.actor);
		expect(await events("--before-id", String(id))).toEqual(only((row) => Number(row.id) < id));
		expect(await events("--before", time)).toEqual(only((row) => String(row.time) < time));
		expect(await events("--after", time)).toEqual(only((row) => String(row.time) > time));
		expect(await events("--before", time.replace("T", " ").replace("Z", ""))).toEqual(await events("--before", time));
		expect(await events("--task", task)).toEqual(only((row) => String(row.task) === task));
		expect(await events("--event-user", user)).toEqual(all);
		expect(await events("--event-user", user.split("@")[0] ?? "")).toEqual(all);
		expect(await events("--event-user", "somebody")).toEqual([]);
		expect(await events("--object-name", "render")).toEqual(only(({ object }) => object === "render"));
		const types = [...new Set(all.map((row) => String(row.object_type)))];
		expect(types.sort()).toEqual(["deployment", "errand", "instance", "vm"]);
		for (const type of types)
			expect(await events("--object-type", type)).toEqual(only((row) => row.object_type === type));
		const created = only(({ action, object }) => action === "create-vm" && object === "web/0");
		expect(await events("--object-type", "vm", "--instance", "web/0", "--action", "create-vm")).toEqual(created);
		expect(await events("--task", task, "--last", "2")).toEqual((await events("--task", task)).slice(-2));
		expect(await events("-d", "other")).toEqual([]);
	});

	test("what a filter can't read is told all at once", async () => {
		const asked = ["--before-id", "0", "--after", "noon", "--task", "x", "--object-type", "thing"];
		const { code, stderr } = await world.davit(["events", ...asked]);
		expect(code).toBe(64);
		expect(stderr).toBe(`error: --before-id 0 is no number
  → davit events shows them
error: --after noon is no time
  → write it as RFC 3339 does: --after 2026-11-28T09:30:00Z
error: --task x is no number
  → davit events shows them
error: --object-type thing: no event is about that
  → there are: deployment, instance, vm, disk, snapshot, stemcell, package, errand, variable
`);
	});

	test("events outlive their deployment; --verify finds one that was changed", async () => {
		expect(await world.davit(["events", "--verify"])).toEqual({
			code: 0,
			stdout: "",
			stderr: "all events are as they were written\n",
		});
		expect((await world.davit(["delete-deployment", "-n"])).code).toBe(0);
		expect(await shown("events", "-d", "tiny")).toContain("delete-vm web/0");
		expect(rows(await shown("deployments"))).toEqual([]);
		const database = new DatabaseSync(join(world.home, "state.db"));
		database.exec(
			"DROP TRIGGER events_stay; UPDATE events SET event = replace(event, 'pre-start', 'post-stop') WHERE id = (SELECT min(id) + 3 FROM events)",
		);
		database.exec("UPDATE events SET event = event || ' ' WHERE id = (SELECT min(id) + 5 FROM events)");
		database.close();
		const { code, stderr } = await world.davit(["events", "--verify"]);
		expect({ code, stderr }).toEqual({
			code: 1,
			stderr: expect.stringMatching(/^error: event \d+ was changed, or one before it taken away\n/),
		});
	});

	test("--last must be a number", async () => {
		expect(await world.davit(["events", "-d", "tiny", "--last", "some"])).toMatchObject({
			code: 64,
			stderr: expect.stringContaining("--last some is no number of events"),
		});
	});
});

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
		expect((await errand.ended).code).toBe(0);
		expect(rows(await shown("locks"))).toEqual([]);
	});

	test("events are all that was done, what failed among it, by whom and by which plan", async () => {
		const preStarts = rows(await shown("events", "--action", "pre-start", "--instance", "web/0"));
		expect(preStarts.map((row) => row.replace(/ [\d.]+ /, " N "))).toEqual([
			expect.stringMatching(/^TIME \S+@\S+ pre-start web\/0 failed N hook-failed [0-9a-f]{16} \d+$/),
			expect.stringMatching(/^TIME \S+@\S+ pre-start web\/0 done N - [0-9a-f]{16} \d+$/),
		]);
		const [failed = "", done = ""] = preStarts.map((row) => row.split(" ").at(-2));
		expect(failed).not.toBe(done);
		const all = rows(await shown("events", "--last", "1000"));
		expect(all.filter((row) => row.includes(" create-vm web/0 "))).toHaveLength(1);
		// Of two that went well there is no column of problems.
		expect(rows(await shown("events", "--last", "2"))).toEqual(all.slice(-2).map((row) => row.replace(" - ", " ")));
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

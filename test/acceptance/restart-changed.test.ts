import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openWorld, type World } from "../support/acceptance.ts";
import { vmRoot } from "../support/acceptance-state.ts";
import { users } from "../support/ordinary-user.ts";
import { notingHooks, tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const user = users.at(-1) as (typeof users)[number];
const HOOKS = ["pre-stop", "drain", "post-stop", "pre-start", "post-start"] as const;

/** An instance with three jobs, of which `left` and `right` share a package. */
describe("update.restart: changed", () => {
	let world: World;
	let seen = 0;
	const release = (tool: string) =>
		writeTinyRelease(world, "release", {
			jobs: Object.fromEntries(
				["left", "right", "other"].map((job) => [
					job,
					{
						properties: { value: { default: 1 } },
						templates: { "config/value": "<%= p('value') %>\n" },
						hooks: notingHooks(HOOKS, job),
						packages: job === "other" ? [] : ["tool"],
					},
				]),
			),
			packages: { tool: `echo ${tool} >"$BOSH_INSTALL_TARGET/tool"` },
		});
	const write = (values: Record<string, number>, update: object = { restart: "changed" }) => {
		const jobs = Object.entries(values).map(([name, value]) => ({ name, release: "tiny", properties: { value } }));
		world.write("tiny.yml", tinyManifest([tinyGroup("web", jobs, { update })]));
	};
	/** Deploys; what ran since the last time, hooks that run side by side in the order of their names. */
	const deployed = async () => {
		const { code, stderr } = await world.davit(["deploy", "tiny.yml", "-n"]);
		expect(code, stderr).toBe(0);
		const file = join(vmRoot(world.home, "web/0"), "var/vcap/data/sys/log/order");
		const all = readFileSync(file, "utf8").trim().split("\n");
		const fresh = all.slice(seen);
		seen = all.length;
		return Object.fromEntries(
			[...HOOKS, "stop", "start"].map((what) => [
				what,
				fresh.flatMap((line) => (line.endsWith(` ${what}`) ? [line.split(" ")[0]] : [])).sort(),
			]),
		);
	};
	/** An update that stopped these jobs and brought them up again; the hooks around a start run for all. */
	const restartOf = (...jobs: readonly string[]) => ({
		...Object.fromEntries(["pre-stop", "drain", "stop", "post-stop", "start"].map((what) => [what, jobs])),
		...Object.fromEntries(["pre-start", "post-start"].map((what) => [what, ["left", "other", "right"]])),
	});

	beforeAll(async () => {
		world = openWorld(user);
		release("one");
		write({ left: 1, right: 1, other: 1 });
		await deployed();
	});
	afterAll(() => world.close());

	test("a property of one job stops that job alone; pre-start and post-start run for all", async () => {
		write({ left: 2, right: 1, other: 1 });
		const { stdout } = await world.davit(["plan", "tiny.yml"]);
		expect(stdout).toContain(
			"  web/0: update; of its jobs left is stopped and started; turn 1, canary\n    configuration: job left\n",
		);
		expect(await deployed()).toEqual(restartOf("left"));
		expect((await world.davit(["deploy", "tiny.yml"])).stderr).toContain("nothing to do");
	});

	test("a package stops the jobs that use it", async () => {
		release("two");
		expect(await deployed()).toEqual(restartOf("left", "right"));
	});

	test("a job that goes is stopped, one that comes is started, and the others run on", async () => {
		write({ left: 2, other: 1 });
		const gone = await deployed();
		expect(gone).toMatchObject({ stop: ["right"], drain: ["right"], start: [], "pre-start": ["left", "other"] });
		write({ left: 2, other: 1, right: 1 });
		expect(await deployed()).toMatchObject({ stop: [], start: ["right"], "pre-start": ["left", "other", "right"] });
	});

	test("what concerns the whole instance stops all of it, and so does a manifest without it", async () => {
		expect((await world.davit(["restart", "web/0"])).code).toBe(0);
		expect(await deployed()).toMatchObject({ stop: ["left", "other", "right"] });
		write({ left: 3, right: 1, other: 1 }, {});
		expect(await deployed()).toEqual(restartOf("left", "other", "right"));
	});
});

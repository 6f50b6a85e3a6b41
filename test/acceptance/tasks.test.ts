import { readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DavitEvent } from "../../src/events.ts";
import { openWorld, type World } from "../support/acceptance.ts";
import type { Outcome } from "../support/acceptance-process.ts";
import { vmRoot } from "../support/acceptance-state.ts";
import { users } from "../support/ordinary-user.ts";
import { tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const user = users.at(-1) as (typeof users)[number];
const isStep = (kind: string) => (event: DavitEvent) => event.type === "step-started" && event.kind === kind;

describe("tasks", () => {
	let world: World;
	/** Other terminals' look at a deploy that waits in pre-start, and its end by `cancel-task`. */
	const seen = {} as { while: Outcome; followed: Outcome; cancelled: Outcome; deploy: Outcome; task: string };
	const write = (greeting: string, wait: number) => {
		const jobs = [{ name: "app", release: "tiny", properties: { greeting, wait } }];
		world.write("tiny.yml", tinyManifest([tinyGroup("web", jobs)]));
	};
	const greeting = () => {
		const root = vmRoot(world.home, "web/0");
		return readFileSync(join(root, readlinkSync(join(root, "var/vcap/jobs/app")), "config/app"), "utf8");
	};
	const plain = (text: string) =>
		text
			.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME")
			.replace(/\S+@\S+/g, "ACTOR")
			.replace(/\b\d+\.\d\b/g, "S")
			.replace(/ +/g, " ");
	/** The rows of `davit tasks`, their numbers left out. */
	const tasks = async () =>
		plain((await world.davit(["tasks"])).stdout)
			.trimEnd()
			.split("\n")
			.map((row) => row.replace(/^\d+ /, ""));

	beforeAll(async () => {
		world = openWorld(user);
		writeTinyRelease(world, "release", {
			jobs: {
				app: {
					properties: { greeting: {}, wait: {} },
					templates: { "config/app": "<%= p('greeting') %>\n" },
					hooks: { "pre-start": "sleep <%= p('wait') %>" },
				},
			},
		});
		write("hello", 20);
		const deploy = world.start(["deploy", "tiny.yml"]);
		await deploy.until(isStep("pre-start"));
		seen.while = await world.davit(["tasks"]);
		seen.task = /^(\d+) +processing/m.exec(seen.while.stdout)?.[1] ?? "";
		const following = world.davit(["task", seen.task]);
		seen.cancelled = await world.davit(["cancel-task", seen.task]);
		seen.followed = await following;
		seen.deploy = await deploy.ended;
	});
	afterAll(() => world.close());

	test("one that works is listed as such, also to another terminal", () => {
		const [head, row] = plain(seen.while.stdout).split("\n");
		expect(head).toBe("task state started seconds actor deployment command result");
		expect(row).toMatch(/^\d+ processing TIME - ACTOR tiny deploy -$/);
	});

	test("cancel-task ends it as Ctrl-C does, and waits for it; who follows it sees its end", async () => {
		expect(seen.deploy.code).toBe(130);
		expect(seen.cancelled.code).toBe(0);
		const end = /^\d+ cancelled TIME S ACTOR tiny deploy interrupted$/m;
		expect(plain(seen.cancelled.stdout)).toMatch(end);
		expect(seen.followed.code).toBe(1);
		expect(plain(seen.followed.stdout)).toMatch(/^TIME ACTOR create-vm web\/0 done S /m);
		expect(plain(seen.followed.stdout)).toMatch(end);
		expect(await world.davit(["cancel-task", seen.task])).toMatchObject({
			code: 0,
			stderr: `task ${seen.task} does not work any more: cancelled\n`,
		});
	});

	test("resume brings the deploy to its end by the manifest that it was given, not by what the file says now", async () => {
		write("changed", 0);
		const resumed = world.start(["resume"]);
		await resumed.until(isStep("pre-start"));
		expect(greeting()).toBe("hello\n");
		resumed.signal("SIGKILL");
		await resumed.ended;
		expect((await tasks()).slice(1)).toEqual([
			"cancelled TIME S ACTOR tiny deploy interrupted",
			"error TIME - ACTOR tiny resume cut short: its davit was killed, or lost the lease",
		]);
		write("other", 0);
		expect(await world.davit(["deploy", "tiny.yml"])).toMatchObject({ code: 0 });
		expect(greeting()).toBe("other\n");
		expect((await tasks()).at(-1)).toBe("done TIME S ACTOR tiny deploy -");
		const { code, stderr } = await world.davit(["resume"]);
		expect({ code, stderr }).toEqual({ code: 0, stderr: "tiny: no deploy is unfinished\n" });
	});

	test("a deploy that turned out to be nothing leaves nothing to resume, and is no task", async () => {
		write("broken", 60);
		const deploy = world.start(["deploy", "tiny.yml"]);
		await deploy.until(isStep("stop"));
		deploy.signal("SIGKILL");
		await deploy.ended;
		write("other", 0);
		expect(await world.davit(["deploy", "tiny.yml"])).toMatchObject({ code: 0 });
		const before = await tasks();
		expect((await world.davit(["deploy", "tiny.yml"])).stderr).toContain("nothing to do");
		expect((await world.davit(["resume"])).stderr).toBe("tiny: no deploy is unfinished\n");
		expect(await tasks()).toEqual(before);
	});

	test.each([
		[["task", "99999"], 1, "error: there is no task 99999\n  → davit tasks lists them\n"],
		[["cancel-task", "x"], 64, "error: x is no number of a task\n  → davit tasks lists them\n"],
		[["tasks", "--last", "0"], 64, "error: --last 0 is no number of tasks\n  → write it as in --last 20\n"],
	])("%j", async (args, code, stderr) => {
		expect(await world.davit(args)).toEqual({ code, stdout: "", stderr });
	});
});

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PlanReport } from "../../src/plan/report-schema.ts";
import { openWorld, type World } from "../support/acceptance.ts";
import { golden, startedKinds } from "../support/acceptance-golden.ts";
import { listingOf, readState, vmRoot } from "../support/acceptance-state.ts";
import { users } from "../support/ordinary-user.ts";
import { notingHooks, tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const user = users.at(-1) as (typeof users)[number];

/** Cases that others ran into while they changed what runs. */
describe("day two, as in the field", () => {
	let world: World;
	const write = (fails: boolean, more: object = {}) => {
		const app = { name: "app", release: "tiny", properties: { fails } };
		const check = { name: "check", release: "tiny" };
		const plain = tinyGroup("plain", [check]);
		world.write("tiny.yml", tinyManifest([tinyGroup("web", [app, check], { vm_extensions: ["lb"], ...more }), plain]));
	};
	const cloud = (balancer: string) => {
		const local = readFileSync(join(import.meta.dirname, "../../manifests/cloud/local.yml"), "utf8");
		const extension = { name: "lb", cloud_properties: { elb: balancer } };
		world.write("cloud.yml", `${local}\nvm_extensions: [${JSON.stringify(extension)}]\n`);
	};

	beforeAll(() => {
		world = openWorld(user);
		const hooks = notingHooks(["post-start", "post-deploy"]);
		writeTinyRelease(world, "release", {
			jobs: {
				app: {
					properties: { fails: {} },
					hooks: {
						...hooks,
						"pre-start": "echo app pre-start >>/var/vcap/sys/log/order\nexit <%= p('fails') ? 1 : 0 %>",
					},
				},
				check: { process: false, hooks: { run: "grep -q plain /var/vcap/instance/name || exit 3" } },
			},
		});
		cloud("a");
	});
	afterAll(() => world.close());

	test("a pre-start that failed once: after the next deploy each hook ran once since", async () => {
		write(true);
		const failed = await world.davit(["deploy", "tiny.yml", "--cloud", "cloud.yml"]);
		expect(failed.code, failed.stderr).toBe(1);
		write(false);
		const second = await world.davit(["deploy", "tiny.yml"]);
		expect(second.code, second.stderr).toBe(0);
		const file = join(vmRoot(world.home, "web/0"), "var/vcap/data/sys/log/order");
		const order = readFileSync(file, "utf8").trim().split("\n");
		expect(order).toEqual(["app pre-start", "app pre-start", "app start", "app post-start", "app post-deploy"]);
	});

	test("a cloud property of an extension changes: the plan names who is recreated, the values, and nobody else", async () => {
		cloud("b");
		const { events } = await world.told(["plan", "tiny.yml"]);
		const report = events.flatMap((event) => (event.type === "plan-report" ? [event.plan as PlanReport] : []))[0];
		expect(report?.changes).toMatchObject([
			{
				instance: "web/0",
				action: "recreate",
				reasons: [
					{
						reason: "cloud_properties",
						values: [{ path: expect.stringMatching(/cloud_properties\/elb$/), from: "a", to: "b" }],
					},
				],
			},
		]);
		write(false, { vm_extensions: [] });
		expect((await world.davit(["deploy", "tiny.yml", "-n"])).code).toBe(0);
		cloud("c");
		const { events: unused } = await world.told(["deploy", "tiny.yml"]);
		expect(startedKinds(unused)).toEqual(["record-deploy"]);
	});

	test("an errand that fails on one of two instances: exit code 1, each with its own, and the task is in error", async () => {
		const { code, stdout } = await world.davit(["run-errand", "check"]);
		expect(code).toBe(1);
		expect(stdout.replace(/ +/g, " ")).toMatch(/web\/0 check 3\n/);
		expect(stdout.replace(/ +/g, " ")).toMatch(/plain\/0 check 0\n/);
		const { events } = await world.told(["tasks"]);
		const rows = events.flatMap((event) => (event.type === "table" ? event.rows : []));
		expect(rows.at(-1)).toMatchObject({ command: "run-errand", state: "error", result: "errand-failed" });
	});

	test("what a command does not take is refused; nothing wider than named is touched", async () => {
		const before = listingOf(world.home);
		for (const args of [
			["delete-deployment", "tiny", "web/0"],
			["delete-vm", "web/0", "plain/0"],
			["recreate", "web/0", "extra", "words"],
		]) {
			const { code, stderr } = await world.davit([...args, "-n"]);
			expect({ code, stderr }).toEqual({ code: 64, stderr: expect.stringContaining("too many arguments") });
		}
		expect(listingOf(world.home)).toEqual(before);
	});

	test("what is wrong with a manifest is told in one run, also what only its release knows", async () => {
		const jobs = [{ name: "ap", release: "tiny", properties: { x: "((missing))" } }];
		const networks = [{ name: "nowhere" }];
		world.write(
			"wrong.yml",
			tinyManifest([tinyGroup("web", jobs, { stemcell: "defalt", networks })], { name: "wrong" }),
		);
		for (const command of ["deploy", "plan"]) {
			const { code, stderr } = await world.davit([command, "wrong.yml"]);
			expect(code).toBe(1);
			await expect(golden(stderr, world.folder)).toMatchFileSnapshot("golden/wrong-in-four-ways.golden");
		}
	});

	test("two instances that are recorded with one VM: nothing is done to it", async () => {
		const database = new DatabaseSync(join(world.home, "state.db"));
		const [one, other] = readState(world.home).instances;
		const record = { ...other, vm: { ...other?.vm, cid: one?.vm?.cid } };
		const set = database.prepare("UPDATE instances SET record = ? WHERE id = ?");
		set.run(JSON.stringify(record), String(other?.id));
		const before = listingOf(world.home);
		for (const args of [
			["delete-vm", `${other?.group}/0`, "-n"],
			["recreate", `${other?.group}/0`, "-n"],
			["deploy", "tiny.yml"],
		]) {
			const { code, stderr } = await world.davit(args);
			expect({ code, stderr }).toEqual({
				code: 1,
				stderr: expect.stringMatching(
					/^error: (web|plain)\/0 and (web|plain)\/0 are recorded with the same VM, vm-\w+: /,
				),
			});
		}
		const report = await world.davit(["cloud-check", "--report"]);
		expect(report).toMatchObject({
			code: 1,
			stdout: expect.stringMatching(/shared_vm .* are recorded with the same VM/),
		});
		expect(listingOf(world.home)).toEqual(before);
		set.run(JSON.stringify(other), String(other?.id));
		database.close();
	});
});

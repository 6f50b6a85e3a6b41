import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DavitEvent } from "../../src/events.ts";
import type { PlanReport } from "../../src/plan/report-schema.ts";
import { openWorld, type World } from "../support/acceptance.ts";
import { golden } from "../support/acceptance-golden.ts";
import { firstProcess, readState } from "../support/acceptance-state.ts";
import { expectFailure } from "../support/bad-input.ts";
import { users } from "../support/ordinary-user.ts";
import { tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const user = users.at(-1) as (typeof users)[number];
const SECRET = "swordfish-nobody-may-see";

describe("davit plan", () => {
	let world: World;
	beforeAll(() => {
		world = openWorld(user);
		const properties = { port: {}, password: {}, made: {} };
		const config = "<%= [p('port'), p('password'), p('made')].join(' ') %>\n";
		writeTinyRelease(world, "release", {
			jobs: { app: { properties, templates: { "config/app": config }, packages: ["tool"] }, plain: {} },
			packages: { tool: "echo tool >$BOSH_INSTALL_TARGET/tool" },
		});
		write({ port: 8080 });
	});
	afterAll(() => world.close());

	/** Two web servers and a database, with what a case changes. */
	function write({
		port = 8080,
		password = "((password))",
		web = {},
		groups = [tinyGroup("db", "plain", { persistent_disk: 64 })],
	}: {
		port?: number;
		password?: string;
		web?: object;
		groups?: readonly ReturnType<typeof tinyGroup>[];
	}): void {
		const app = { name: "app", release: "tiny", properties: { port, password, made: "((made))" } };
		const variables = ["password", "made"].map((name) => ({ name, type: "password" }));
		const more = password === "((password))" ? variables : variables.slice(1);
		world.write(
			"tiny.yml",
			tinyManifest([tinyGroup("web", [app], { instances: 2, ...web }), ...groups], { variables: more }),
		);
	}

	async function planned(...options: readonly string[]): Promise<PlanReport> {
		const { code, events, stderr } = await world.told(["plan", "tiny.yml", ...options]);
		expect(code, stderr).toBe(0);
		const found = events.find((event): event is DavitEvent & { type: "plan-report" } => event.type === "plan-report");
		return found?.plan as PlanReport;
	}

	/** Every file of davit's home and of the VMs below it, but for caches and what processes and the supervisor write by themselves. */
	function fingerprints(folder = world.home, below = ""): readonly string[] {
		if (!existsSync(folder)) return [];
		return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
			const path = join(below, entry.name);
			if (/^(cache|blobs|local\/locks|state\.db-(wal|shm))$|\/(proc|sys|dev|run|log|supervisor)$/.test(path)) return [];
			if (entry.isDirectory()) return [`${path}/`, ...fingerprints(join(folder, entry.name), path)];
			if (!entry.isFile()) return [path];
			const bytes = readFileSync(join(folder, entry.name));
			return [`${path} ${createHash("sha256").update(bytes).digest("hex")}`];
		});
	}

	test("of a first deploy tells all of it, leaves nothing behind, and fits the published schema", async () => {
		const { code, stdout, stderr } = await world.davit(["plan", "tiny.yml"]);
		expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
		expect(golden(stdout, world.folder)).toMatchInlineSnapshot(`
			"tiny: 3 of 3 instances change

			  web/0, web/1: create; its jobs are started; turns 1 to 2, canary web/0
			    new

			  db/0: create; its jobs are started; a persistent disk is made; turn 3, canary
			    new

			  compiled:    1 package, on web/0 (1)
			  copied:      1 package
			  from peers:  1 package; by the VMs, each from another one of its AZ: web/0
			  generated:   made, password
			  in all:      3 instances (VM types: 3 minimal); 64.0 MiB of persistent disks; addresses: 3 default
			  takes:       at local: VMs 0 → 3; disks 0 → 1; disk space 0 KiB → 64.0 MiB (this machine: SOME of ALL in use); addresses 0 → 3
			  not told:    by the cloud: vCPUs and memory of VMs (local)
			  asked:       calls at local (list 2, quotas 1, resourcesOf 2)
			"
		`);
		expect(existsSync(join(world.home, "state.db"))).toBe(false);
		const schema = JSON.parse((await world.davit(["schema", "plan"])).stdout);
		const report = await planned();
		expect(new Ajv2020({ strict: false }).compile(schema)(report)).toBe(true);
		expect(report).toMatchObject({
			first_deploy: true,
			variables: ["made", "password"],
			compile: [{ package: "tool", release: "tiny", stemcell: "local/1", instance: "web/0" }],
		});
	});

	test("is what the deploy then does, step by step", async () => {
		const { steps } = await planned();
		const { code, events, stderr } = await world.told(["deploy", "tiny.yml"]);
		expect(code, stderr).toBe(0);
		const begun = events.flatMap((event) => (event.type === "step-started" ? [event.id] : []));
		expect([...begun].sort()).toEqual(steps.map(({ id }) => id).sort());
	});

	test("of what is as it should be says so; an exit code tells a script", async () => {
		const plan = ["plan", "tiny.yml", "--detailed-exitcode"];
		expect(await world.davit(plan)).toEqual({
			code: 0,
			stdout:
				"tiny: nothing to do, all is as the manifest says\n" +
				"  asked:       calls at local (list 2, quotas 1, resourcesOf 2); 3 VMs probed in one wave\n",
			stderr: "",
		});
		write({ port: 9090 });
		expect((await world.davit(plan)).code).toBe(2);
	});

	test("of a change shows old and new values, no secret, and an estimate; and nothing is other than before", async () => {
		const before = fingerprints();
		write({ port: 9090, password: SECRET, web: { env: { bosh: { swap_size: 0 } } }, groups: [] });
		const { code, stdout, stderr } = await world.davit(["plan", "tiny.yml"]);
		expect(code, stderr).toBe(0);
		expect(
			golden(stdout, world.folder).replace(/about \d+ s, as \d+ past steps/, "about N s, as N past steps"),
		).toMatchInlineSnapshot(`
			"tiny: 3 of 3 instances change

			  web/0, web/1: recreate; its jobs are stopped, and started on a new VM; turns 1 to 2, canary web/0
			    env
			        /env/bosh: (none) → {"swap_size":0}
			    configuration: job app
			        /jobs/app/properties/password: ((password)) → (hidden)
			        /jobs/app/properties/port: 8080 → 9090

			  db/0: delete; its jobs are stopped; its persistent disk is kept, orphaned; turn 1
			    obsolete

			  copied:      2 packages, 1 KiB of those that are compiled
			  deleted:     db/0
			  VMs deleted: vm-CID, vm-CID, vm-CID
			  no undo:     once this has begun: orphan-disk db/0
			  in all:      2 instances (VM types: 2 minimal); addresses: 2 default
			  takes:       at local: VMs 3 → 2; disks 1; disk space 64.0 MiB (this machine: SOME of ALL in use); addresses 3 → 2
			  not told:    by the cloud: vCPUs and memory of VMs (local)
			  asked:       calls at local (list 2, quotas 1, resourcesOf 2); 3 VMs probed in one wave
			  time:        about N s, as N past steps took; never done here, and not counted: delete-instance, delete-vm, detach-disk, orphan-disk, stop
			"
		`);
		expect(stdout).not.toContain(SECRET);
		expect(fingerprints()).toEqual(before);
	});

	test("sees what a VM is by now; --no-refresh asks nobody", async () => {
		write({});
		const { vm } = readState(world.home).instances.find(({ group }) => group === "db") ?? {};
		process.kill(firstProcess(world.home, vm?.cid ?? ""), "SIGKILL");
		expect(await planned("--no-refresh")).toMatchObject({ refreshed: false, changes: [], steps: [] });
		expect((await planned()).changes).toMatchObject([
			{ instance: "db/0", downtime: "start", disk: "kept", reasons: [{ reason: "stopped_vm" }] },
		]);
		expect((await world.davit(["deploy", "tiny.yml"])).code).toBe(0);
	});

	test("is refused what a deploy would refuse, in the same words", async () => {
		write({ port: "((nowhere))" as unknown as number });
		const [plan, deploy] = [await world.davit(["plan", "tiny.yml"]), await world.davit(["deploy", "tiny.yml"])];
		expect(plan.code).toBe(1);
		expect(plan).toEqual(deploy);
	});

	test("while a deploy works, says so and plans from what is recorded", async () => {
		write({ port: 7070 });
		const deploy = world.start(["deploy", "tiny.yml"]);
		await deploy.until((event) => event.type === "step-started");
		const { code, stderr } = await world.davit(["plan", "tiny.yml"]);
		expect({ code, stderr }).toEqual({
			code: 0,
			stderr: expect.stringMatching(
				/^\S+ pid \d+ \(davit deploy\) works on tiny now: the plan is for what was recorded at this moment\n$/,
			),
		});
		expect((await deploy.ended).code).toBe(0);
	});

	describe("saved with --out", () => {
		const saved = () => join(world.folder, "saved.json");
		const deploy = ["deploy", "tiny.yml", "--plan", "saved.json"];

		async function save(): Promise<string> {
			const { code, stderr } = await world.davit(["plan", "tiny.yml", "--out", "saved.json"]);
			expect(code, stderr).toBe(0);
			return readFileSync(saved(), "utf8");
		}

		test("is for its owner, holds no secret, and is applied without a question, but only once", async () => {
			write({ password: SECRET, port: 6060, groups: [] });
			const text = await save();
			expect(statSync(saved()).mode & 0o777).toBe(0o600);
			expect(text).not.toContain(SECRET);
			const { code, stderr } = await world.davit(deploy);
			expect(code, stderr).toBe(0);
			expect(stderr).toContain("Deleting the VM of db/0");
			await expectFailure(world, deploy, "a plan that was applied already", { code: 4, same: sameTime });
		});

		test.each<[string, () => void]>([
			["a plan of another manifest", () => write({ port: 5051, groups: [] })],
			["a plan of another release", () => world.write("release/jobs/plain/monit", "")],
		])("is refused as outdated: %s", async (name, change) => {
			write({ port: 5050, groups: [] });
			await save();
			change();
			await expectFailure(world, deploy, name, { code: 4, same: sameTime });
		});

		test("is refused when a VM is not what it was", async () => {
			write({ port: 4040, groups: [] });
			await save();
			const { vm } = readState(world.home).instances.find(({ group, index }) => group === "web" && index === 1) ?? {};
			process.kill(firstProcess(world.home, vm?.cid ?? ""), "SIGKILL");
			await expectFailure(world, deploy, "a plan of what is not there any more", { code: 4, same: sameTime });
			expect((await world.davit(["deploy", "-n", "tiny.yml"])).code).toBe(0);
		});

		test("is refused when it was altered, is another deployment's, or is none", async () => {
			write({ port: 3030, groups: [] });
			const text = await save();
			writeFileSync(saved(), text.replace('"unchanged": 0', '"unchanged": 1'));
			await expectFailure(world, deploy, "a plan that was altered");
			writeFileSync(saved(), text);
			world.write("tiny.yml", readFileSync(join(world.folder, "tiny.yml"), "utf8").replace('"tiny"', '"other"'));
			await expectFailure(world, deploy, "a plan of another deployment", { code: 4 });
			for (const [name, content] of [
				["a plan that is no JSON", "{"],
				["a plan that is another JSON", "{}"],
			] as const) {
				writeFileSync(saved(), content);
				await expectFailure(world, deploy, name);
			}
			await expectFailure(world, ["deploy", "tiny.yml", "--plan", "nowhere.json"], "a plan that is missing");
			await expectFailure(
				world,
				["plan", "tiny.yml", "--out", "nowhere/saved.json"],
				"a plan into a folder that is missing",
			);
		});
	});
});

function sameTime(text: string): string {
	return text.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME");
}

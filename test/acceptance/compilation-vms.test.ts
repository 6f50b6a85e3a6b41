import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, expect, test, vi } from "vitest";
import type { DavitEvent } from "../../src/events.ts";
import type { PlanReport } from "../../src/plan/report-schema.ts";
import { type World, withWorld } from "../support/acceptance.ts";
import { interruptInEachKind, killInEachKind } from "../support/acceptance-cut.ts";
import { golden } from "../support/acceptance-golden.ts";
import type { Running } from "../support/acceptance-process.ts";
import { firstProcess, listingOf, readState, recordedListing, vmRoot } from "../support/acceptance-state.ts";
import { oneUser } from "../support/ordinary-user.ts";
import { tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const DEPLOY = ["deploy", "--compilation-vms", "tiny.yml"];
const WAIT = "until [ -e /var/vcap/data/go ]; do sleep 0.1; done";

/** `top` needs `left` and `right`, which need `base`. */
function writeInputs(world: World, middle = "", { name = "tiny", word = "one" } = {}): void {
	const needs = (dependencies: readonly string[], line = "") => {
		const copy = dependencies.map((each) => `cat "/var/vcap/packages/${each}/words"`).join("; ") || "true";
		const own = `echo "$BOSH_PACKAGE_NAME ${word}"`;
		return { dependencies, packaging: `${line}\n{ ${own}; ${copy}; } >"$BOSH_INSTALL_TARGET/words"` };
	};
	writeTinyRelease(world, "release", {
		jobs: { app: { packages: ["top"] } },
		packages: {
			base: needs([]),
			left: needs(["base"], middle),
			right: needs(["base"], middle),
			top: needs(["left", "right"]),
		},
	});
	world.write(`${name}.yml`, tinyManifest([tinyGroup("web")], { name }));
}

const started = (kind: string, instance?: string) => (event: DavitEvent) =>
	event.type === "step-started" && event.kind === kind && (instance === undefined || event.instance === instance);

/** Steps in the order in which they began and ended: `> compile-package tiny/base local/1 on compilation/0`, `< …`. */
function course(events: readonly DavitEvent[]): readonly string[] {
	const on = new Map<string, string>();
	return events.flatMap((event) => {
		if (event.type === "step-started") {
			on.set(event.id, event.instance === undefined ? "" : ` on ${event.instance}`);
			return [`> ${event.id}${on.get(event.id)}`];
		}
		return event.type === "step-finished" ? [`< ${event.id}${on.get(event.id)}`] : [];
	});
}

const compiling = (events: readonly DavitEvent[]) =>
	course(events).filter((line) => line.startsWith("> compile-package"));

/** Both VMs compile, and wait for the file. */
async function bothCompile(running: Running): Promise<void> {
	for (const name of ["left", "right"])
		await running.until(
			(event) => event.type === "step-started" && event.id === `compile-package tiny/${name} local/1`,
		);
}

function go(world: World): void {
	for (const index of [0, 1]) writeFileSync(join(vmRoot(world.home, `compilation/${index}`), "var/vcap/data/go"), "");
}

const rowsOf = async (world: World, verb: string) =>
	(await world.told([verb])).events.flatMap((event) => (event.type === "table" ? event.rows : []));

/** No VM but those of instances, none recorded, and nothing left open. */
function expectNothingLeft(world: World): void {
	const { instances, openIntents } = readState(world.home);
	expect(instances.map(({ group }) => group)).not.toContain("compilation");
	expect(openIntents).toBe(0);
	expect(listingOf(world.home)).toEqual(recordedListing(world.home));
}

async function expectDeployed(world: World): Promise<void> {
	const again = await world.davit(DEPLOY);
	expect(again).toEqual({ code: 0, stdout: "", stderr: "tiny: nothing to do, all is as the manifest says\n" });
	expectNothingLeft(world);
}

describe.each(oneUser)("compilation VMs, as $name", (user) => {
	test("compile in order and at once, are seen while they do, and go when nothing is left; what they made is used again", () =>
		withWorld(user, async (world) => {
			writeInputs(world, WAIT);
			const plan = await world.davit(["plan", "--compilation-vms", "tiny.yml"]);
			expect(golden(plan.stdout)).toContain(
				"  compiled:    4 packages, on compilation/0 (3), compilation/1 (1): 2 compilation VMs for the time of the compile\n",
			);
			const { events } = await world.told(["plan", "--compilation-vms", "tiny.yml"]);
			const report = events.flatMap((event) => (event.type === "plan-report" ? [event.plan as PlanReport] : []))[0];
			const vm = { stemcell: "local/1", az: "z1", vm_type: "large" };
			expect(report?.compilation_vms).toEqual([
				{ instance: "compilation/0", ...vm, addresses: ["10.77.0.101"] },
				{ instance: "compilation/1", ...vm, addresses: ["10.77.0.102"] },
			]);
			expect(report?.totals.instances).toBe(1);

			const running = world.start(DEPLOY);
			await bothCompile(running);
			const vms = await rowsOf(world, "vms");
			expect(vms).toMatchObject([
				{ instance: "compilation/0", state: "running", az: "z1", ips: ["10.77.0.101"], vm_type: "large" },
				{ instance: "compilation/1", state: "running", az: "z1", ips: ["10.77.0.102"], vm_type: "large" },
				{ instance: "web/0", state: "running" },
			]);
			expect((await rowsOf(world, "instances")).map(({ instance }) => instance)).toEqual(["web/0"]);
			go(world);
			expect(await running.ended).toMatchObject({ code: 0, stderr: "" });
			const order = course(running.events);
			expect(order.filter((line) => line.includes("compile-package"))).toEqual([
				"> compile-package tiny/base local/1 on compilation/0",
				"< compile-package tiny/base local/1 on compilation/0",
				...order.filter((line) => /tiny\/(left|right) /.test(line)),
				"> compile-package tiny/top local/1 on compilation/0",
				"< compile-package tiny/top local/1 on compilation/0",
			]);
			expect(compiling(running.events).sort()).toEqual([
				"> compile-package tiny/base local/1 on compilation/0",
				"> compile-package tiny/left local/1 on compilation/0",
				"> compile-package tiny/right local/1 on compilation/1",
				"> compile-package tiny/top local/1 on compilation/0",
			]);
			for (const index of [0, 1])
				expect(order).toContain(`< delete-compilation-vm compilation/${index} on compilation/${index}`);
			await expectDeployed(world);
			expect(await rowsOf(world, "vms")).toMatchObject([{ instance: "web/0" }]);

			writeInputs(world, WAIT, { name: "two" });
			const second = await world.told(["deploy", "--compilation-vms", "two.yml"]);
			expect(second.code, second.stderr).toBe(0);
			expect(course(second.events).filter((line) => /compil/.test(line))).toEqual([]);
			const two = readState(world.home).instances.map(({ ips }) => ips.default);
			expect(two.sort()).toEqual(["10.77.0.100", "10.77.0.101"]);
		}));

	test("compile what has changed while the running VMs do nothing for it; a VM that dies, or a package that fails, leaves nothing", () =>
		withWorld(user, async (world) => {
			writeInputs(world);
			expect(await world.davit(["deploy", "tiny.yml"])).toMatchObject({ code: 0 });

			writeInputs(world, WAIT, { word: "two" });
			const dying = world.start(DEPLOY);
			await bothCompile(dying);
			const { instances } = readState(world.home);
			const worker = instances.find(({ group, index }) => group === "compilation" && index === 1);
			process.kill(firstProcess(world.home, String(worker?.vm?.cid)), "SIGKILL");
			go(world);
			expect((await dying.ended).code).toBe(1);
			expect(dying.events.flatMap((event) => (event.type === "problem" ? [event.problem.message] : []))[0]).toContain(
				"compilation/1",
			);
			expectNothingLeft(world);

			writeInputs(world, "echo this fails; exit 7", { word: "two" });
			const failed = await world.davit(DEPLOY);
			expect(failed.code).toBe(1);
			expect(failed.stderr).toContain("its packaging script ended with exit code 7");
			expectNothingLeft(world);

			writeInputs(world, "", { word: "two" });
			const { code, events } = await world.told(DEPLOY);
			expect(code).toBe(0);
			expect(compiling(events).map((line) => line.replace(/ on .*/, ""))).toEqual(
				["left", "right", "top"].map((name) => `> compile-package tiny/${name} local/1`),
			);
			expect(compiling(events).join()).not.toContain("web/0");
			await expectDeployed(world);
		}));

	test("are deleted at Ctrl-C, whatever they were at", () =>
		withWorld(user, async (world) => {
			writeInputs(world, WAIT);
			for (const wanted of [started("create-vm", "compilation/1"), started("bootstrap-vm", "compilation/0")]) {
				const running = world.start(DEPLOY, { group: true });
				await running.until(wanted);
				running.signal("SIGINT");
				expect((await running.ended).code).toBe(130);
				expect(readState(world.home).instances.map(({ group }) => group)).not.toContain("compilation");
			}
			const running = world.start(DEPLOY, { group: true });
			await bothCompile(running);
			running.signal("SIGINT");
			expect((await running.ended).code).toBe(130);
			expectNothingLeft(world);
			writeInputs(world);
			await interruptInEachKind(world, DEPLOY);
			await expectDeployed(world);
		}));

	test("that a killed davit left are deleted by the next, which ends the same; by the end of the deployment as well", () =>
		withWorld(user, async (world) => {
			writeInputs(world, WAIT);
			const running = world.start(DEPLOY);
			await bothCompile(running);
			running.signal("SIGKILL");
			await running.ended;
			expect((await rowsOf(world, "vms")).map(({ instance }) => instance)).toContain("compilation/1");
			writeInputs(world);
			const killed = await killInEachKind(world, DEPLOY);
			expect([...killed]).toEqual(expect.arrayContaining(["create-vm", "compile-package", "delete-compilation-vm"]));
			await expectDeployed(world);

			writeInputs(world, WAIT, { word: "three" });
			const again = world.start(DEPLOY);
			await bothCompile(again);
			again.signal("SIGKILL");
			await again.ended;
			await vi.waitUntil(() => !again.alive);
			expect(await world.davit(["delete-deployment", "-n"])).toMatchObject({ code: 0 });
			expect(listingOf(world.home).vms).toEqual([]);
		}));

	test("need a compilation block in the cloud file; it says how few there may be", () =>
		withWorld(user, async (world) => {
			writeInputs(world);
			const cloud = {
				cpis: [{ name: "local", type: "local" }],
				vm_types: [{ name: "minimal" }],
				azs: [{ name: "z1" }],
				networks: [
					{ name: "default", subnets: [{ range: "10.77.0.0/24", gateway: "10.77.0.1", az: "z1" }] },
					{ name: "small", subnets: [{ range: "10.78.0.0/30", gateway: "10.78.0.1", az: "z1" }] },
				],
			};
			world.write("cloud.yml", JSON.stringify(cloud));
			const without = await world.davit([...DEPLOY, "--cloud", "cloud.yml"]);
			expect(without).toMatchObject({ code: 1, stderr: expect.stringContaining("no compilation block") });
			const compilation = { workers: 4, network: "small", az: "z1", vm_type: "minimal" };
			world.write("cloud.yml", JSON.stringify({ ...cloud, compilation }));
			const { code, stderr, stdout } = await world.davit([
				"plan",
				"--compilation-vms",
				"tiny.yml",
				"--cloud",
				"cloud.yml",
			]);
			expect(code, stderr).toBe(0);
			expect(stderr).toContain('network "small" has 1 free address in AZ "z1": packages compile on 1 VM instead of 2');
			expect(stdout).toContain("4 packages, on compilation/0 (4): 1 compilation VM for the time of the compile");
			expect(listingOf(world.home).vms).toEqual([]);
		}));
});

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { DavitEvent } from "../../src/events.ts";
import type { PlanReport } from "../../src/plan/report-schema.ts";
import { openWorld, type World } from "../support/acceptance.ts";
import { readState } from "../support/acceptance-state.ts";
import { expectFailure } from "../support/bad-input.ts";
import { users } from "../support/ordinary-user.ts";
import { tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const LOCAL = readFileSync(join(import.meta.dirname, "../../manifests/cloud/local.yml"), "utf8");
let world: World;
beforeAll(() => {
	world = openWorld(users.at(-1) as (typeof users)[number]);
	writeTinyRelease(world, "release", { jobs: { plain: {} } });
	world.write("cloud.yml", cloud("{vms: 3, vcpus: 4, memory: 4_096, disk: 100}"));
});
afterAll(() => world.close());

function cloud(quota: string): string {
	return LOCAL.replace("  type: local\n", `  type: local\n  properties: {quota: ${quota}}\n`).replace(
		"- name: minimal\n",
		"- name: minimal\n  cloud_properties: {cpu: 1, ram: 1_024}\n",
	);
}

function write(instances: number, more: object = {}): void {
	world.write("tiny.yml", tinyManifest([tinyGroup("web", "plain", { instances, ...more })]));
}

const withCloud = ["tiny.yml", "--cloud", "cloud.yml"];

async function planned(): Promise<PlanReport> {
	const { code, events, stderr } = await world.told(["plan", ...withCloud]);
	expect(code, stderr).toBe(0);
	const found = events.find((event): event is DavitEvent & { type: "plan-report" } => event.type === "plan-report");
	return found?.plan as PlanReport;
}

test("a plan says what it takes of the cloud, against the quota", async () => {
	write(2, { persistent_disk: 48 });
	const { code, stdout, stderr } = await world.davit(["plan", ...withCloud]);
	expect(code, stderr).toBe(0);
	expect(stdout).toContain(
		"  takes:       at local: VMs 0 → 2 (quota vms: 0 of 3 in use); vCPUs 0 → 2 (quota vcpus: 0 of 4 in use); " +
			"memory 0 KiB → 2.0 GiB (quota memory: 0 KiB of 4.0 GiB in use); disks 0 → 2; " +
			"disk space 0 KiB → 96.0 MiB (quota disk: 0 KiB of 100.0 MiB in use); addresses 0 → 2\n",
	);
	expect(stdout).not.toContain("not told");
	expect((await world.davit(["deploy", ...withCloud])).code).toBe(0);
	write(3);
	expect((await planned()).totals.resources).toMatchObject([
		{ resource: "vms", now: 2, most: 3, after: 3, quotas: [{ limit: 3, used: 2, enforced: true }] },
		{ resource: "vcpus", now: 2, after: 3 },
		{ resource: "memory", now: 2048, after: 3072 },
		{ resource: "disks", now: 2, after: 2 },
		{ resource: "disk", now: 96, after: 96 },
		{ resource: "addresses", now: 2, after: 3 },
	]);
});

test("what is over it is refused before anything is made, by plan and deploy in the same words", async () => {
	const before = readState(world.home);
	write(5, { persistent_disk: 48 });
	await expectFailure(world, ["plan", ...withCloud], "a plan over the quota");
	const { code, stderr, events } = await world.told(["deploy", ...withCloud]);
	expect({ code, steps: events.filter(({ type }) => type === "step-started") }, stderr).toEqual({ code: 1, steps: [] });
	expect(readState(world.home).instances).toEqual(before.instances);
});

test("what fits exactly is made", async () => {
	write(3, { persistent_disk: 48 });
	world.write("cloud.yml", cloud("{vms: 3, vcpus: 3, memory: 3_072, disks: 3, disk: 144}"));
	const { code, stderr } = await world.davit(["deploy", ...withCloud]);
	expect(code, stderr).toBe(0);
});

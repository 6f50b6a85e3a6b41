import { expect, test } from "vitest";
import { stop } from "../../../../src/apply/steps/stop.ts";
import type { RunResult } from "../../../../src/ssh/ssh.ts";
import { type World as ApplyWorld, applyWorld } from "../../../support/apply-fixtures.ts";
import { deployed, diskRecord, group } from "../../../support/plan-fixtures.ts";

const step = {
	kind: "stop",
	id: "stop g/0",
	title: "",
	after: [],
	instance: "g/0",
	jobs: ["app"],
	next: "keep",
	drain: "update",
	skipDrain: false,
	reachable: true,
} as const;

const check = { name: "app", type: "process", status: "not monitored", monitored: false, pending: "", pid: null };
const status = (more: object) => {
	const rest = { started: null, memKb: null, totalMemKb: null, totalCpu: null, restarts: 0, exitStatus: null };
	return `100.00 0\u0000${10_000}\u0000${JSON.stringify({ version: 1, checks: [{ ...check, ...rest, message: "", ...more }] })}\u0000`;
};

/** Stops g/0; the answers are those of its drain script and of its supervisor, one after the other. */
async function stopped(
	world: ApplyWorld,
	drains: readonly string[],
	states: readonly string[] = [status({})],
	more = {},
) {
	const left = { drains: [...drains], states: [...states] };
	const answer = (script: string): Partial<RunResult> => {
		if (script.includes("bin/drain")) return { stdout: `${left.drains.shift()}\n` };
		if (script.includes("heartbeat state.json")) return { stdout: left.states.shift() ?? "" };
		return {};
	};
	const made = applyWorld({ ...world, answer });
	await stop({ ...step, ...more }, made.context);
	const calls = made.seen.scripts
		.filter((script) => script.includes("bin/drain"))
		.map((script) => ({
			args: /^args=\((.*)\)$/m.exec(script)?.[1],
			environment: /^environment=\((.*)\)$/m.exec(script)?.[1]?.replace(/^.*\/bin /, ""),
		}));
	return { ...made, calls, left };
}

const use = (name: string, key: string) => ({ name, release: "tiny", fingerprint: key, key, dependencies: [] });
const was = deployed(group("g"), 0, {
	packages: [use("same", "s1"), use("old", "o1")],
	disk: { sizeMib: 100, cloudProperties: {}, fileSystem: "ext4", mountOptions: [] },
});
const disk = diskRecord("disk-g/0");
const world = {
	instances: was.record ? [was.record] : [],
	disks: [disk],
	desired: [
		{
			...was,
			packages: [use("same", "s1"), use("old", "o2"), use("added", "a1")],
			disk: { ...was.disk, sizeMib: 200 },
		},
	],
} as ApplyWorld;

test("an update's drain is told what changes, then asked without it", async () => {
	const { calls } = await stopped(world, ["-2", "0"]);
	expect(calls).toEqual([
		{
			args: "job_changed hash_changed added old",
			environment: `'BOSH_JOB_STATE={"persistent_disk":100}' 'BOSH_JOB_NEXT_STATE={"persistent_disk":200}'`,
		},
		{ args: "job_check_status hash_unchanged", environment: `'BOSH_JOB_STATE={"persistent_disk":100}'` },
	]);
});

test("the hash is unchanged when the jobs render to what they were", async () => {
	const rendered = () => [{ job: "app" }];
	const keyedDigest = () => "o1";
	const { calls } = await stopped({ ...world, more: { rendered, keyedDigest } as never }, ["0"]);
	expect(calls[0]?.args).toBe("job_changed hash_unchanged added old");
});

test("a shutdown's drain is told of nothing but the disk", async () => {
	const { calls } = await stopped({ ...world, desired: [] }, ["0"], [status({})], {
		drain: "shutdown",
		next: "delete",
	});
	expect(calls).toEqual([
		{
			args: "job_shutdown hash_unchanged",
			environment: `'BOSH_JOB_STATE={"persistent_disk":100}' 'BOSH_JOB_NEXT_STATE={"persistent_disk":0}'`,
		},
	]);
});

test("a process whose stop program still runs is waited for, also when the process itself is gone", async () => {
	const states = [status({ pid: 7, pending: "stop" }), status({ pending: "stop" }), status({})];
	const { left } = await stopped(world, ["0"], states);
	expect(left.states).toEqual([]);
});

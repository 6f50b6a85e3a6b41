import { expect, test } from "vitest";
import type { ApplyContext } from "../../../../src/apply/context.ts";
import { start } from "../../../../src/apply/steps/start.ts";
import { UserError } from "../../../../src/errors.ts";
import type { RunResult } from "../../../../src/ssh/ssh.ts";
import { applyWorld } from "../../../support/apply-fixtures.ts";
import { deployed, group } from "../../../support/plan-fixtures.ts";

const step = {
	kind: "start",
	id: "start g/0",
	title: "",
	after: [],
	instance: "g/0",
	watch: { fromMs: 1000, toMs: 10_000 },
} as const;

/** What the supervisor of a process says that lives for `lifeMs` and is started again `pauseMs` after it died. */
function flapping(now: number, lifeMs: number, pauseMs: number): string {
	const into = now % (lifeMs + pauseMs);
	const uptime = 1000 + now / 1000;
	const started = Math.round((uptime - into / 1000) * 100);
	const none = { memKb: null, totalMemKb: null, totalCpu: null, exitStatus: null };
	const check = { name: "app", type: "process", status: "running", monitored: true, pending: "", pid: 7, started };
	const state = { version: 1, checks: [{ ...check, ...none, restarts: 0, message: "" }] };
	return [uptime, Math.round(uptime * 100), JSON.stringify(state), into < lifeMs ? "" : "7 ", ""].join("\0");
}

const VITALS = {
	load: [0.5, 0.4, 0.3],
	cpu: { user: 1, sys: 1, wait: 0 },
	memory: { usedKb: 1, percent: 40 },
	swap: { usedKb: 0, percent: 0 },
	uptimeSeconds: 60,
	disk: {
		system: { percent: 50, inodePercent: 5 },
		ephemeral: { percent: 100, inodePercent: 5 },
		persistent: { percent: 3, inodePercent: 99 },
	},
};

/** What a VM says of itself that has no more to say than its vitals. */
function probed(): string {
	const lists = { missingFiles: [], wrongJobs: [], wrongPackages: [], missingDisks: [] };
	const texts = { bootId: "b", hosts: "", records: "", applied: "", uptime: "", heartbeat: "", state: "", ended: "" };
	return JSON.stringify({
		...texts,
		...lists,
		fence: 1,
		clockMs: 1,
		bootstrapped: true,
		mounted: true,
		vitals: VITALS,
	});
}

async function outcomeOf(lifeMs: number, pauseMs: number, given: Partial<ApplyContext> = {}) {
	let begun: number | undefined;
	const answer = (script: string): Partial<RunResult> => {
		const now = made.context.clock.monotonic();
		begun ??= now;
		if (script.includes("heartbeat state.json")) return { stdout: flapping(now - begun, lifeMs, pauseMs) };
		if (given.reasons && script.includes("want_vitals=yes")) return { stdout: probed() };
		return script.includes("last lines") ? { stdout: "address in use\n" } : {};
	};
	const { record } = deployed(group("g"), 0, {});
	const more = { lastLogLines: () => "last lines", ...given };
	const made = applyWorld({ instances: record ? [record] : [], answer, more });
	const outcome = await start(step, made.context).catch((error: unknown) => error);
	return { outcome, elapsedMs: made.context.clock.monotonic() - (begun ?? 0) };
}

test.each([
	[50, 200],
	[1000, 3000],
	[1900, 10],
])("a process that lives %i ms, and comes again after %i ms, doesn't run", async (lifeMs, pauseMs) => {
	const { outcome } = await outcomeOf(lifeMs, pauseMs);
	expect(outcome).toBeInstanceOf(UserError);
	expect((outcome as Error).message).toMatch(
		/^g\/0: process app (is "does not exist" \(its process has ended\)|was started again a moment ago), 10 s after its start\naddress in use$/,
	);
});

test("a failure tells how the VM is and what changed, as far as that can be found out", async () => {
	const { outcome } = await outcomeOf(50, 200, { reasons: () => [{ reason: "configuration", detail: "job app" }] });
	expect((outcome as Error).message.split("\n").slice(1)).toEqual([
		"address in use",
		"its VM: load 0.5, memory 40%, swap 0%; disks: system 50%, ephemeral 100% (full), persistent 3% (no inodes left)",
		"what changed: configuration: job app",
	]);
});

test("a process that has lived for two seconds runs", async () => {
	const { outcome, elapsedMs } = await outcomeOf(100_000, 0);
	expect(outcome).toBe(undefined);
	expect(elapsedMs).toBe(2000);
});

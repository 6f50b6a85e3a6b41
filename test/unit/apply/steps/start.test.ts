import { expect, test } from "vitest";
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
	onlyProcesses: false,
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

async function outcomeOf(lifeMs: number, pauseMs: number) {
	let begun: number | undefined;
	const answer = (script: string): Partial<RunResult> => {
		const now = made.context.clock.monotonic();
		begun ??= now;
		if (script.includes("heartbeat state.json")) return { stdout: flapping(now - begun, lifeMs, pauseMs) };
		return script.includes("last lines") ? { stdout: "address in use\n" } : {};
	};
	const { record } = deployed(group("g"), 0, {});
	const more = { lastLogLines: () => "last lines" };
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

test("a process that has lived for two seconds runs", async () => {
	const { outcome, elapsedMs } = await outcomeOf(100_000, 0);
	expect(outcome).toBe(undefined);
	expect(elapsedMs).toBe(2000);
});

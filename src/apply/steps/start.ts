import { type Problem, problem, UserError } from "../../errors.ts";
import {
	type ControlAction,
	controlScript,
	type ProcessStatus,
	parseStatus,
	statusScript,
} from "../../machine/supervisor/control.ts";
import type { Step, Watch } from "../../plan/step.ts";
import { type ApplyContext, callOptions } from "../context.ts";
import { lastLines, runScript } from "../run-script.ts";
import { situation } from "../situation.ts";

type Of<K extends Step["kind"]> = Extract<Step, { kind: K }> & { instance: string };

/** Between two looks at the processes, in ms: short at first, since most start at once. */
const POLL_MS = [250, 250, 500, 1000];
/** BOSH gives processes this long to stop, then goes on. */
const STOP_MS = 300_000;
/** A process that dies at once, as when its port is taken, is running too when one looks at the right moment. */
const HELD_SECONDS = 2;

/** Starts and monitors all processes, and watches, if that is wanted: from the watch time's lower end on they must all run, at its upper end it fails. */
export async function start(step: Of<"start">, context: ApplyContext): Promise<void> {
	const { clock, records, store, lease } = context;
	const { signal } = callOptions(context);
	if (records.get(step.instance).atRest)
		await store.write(lease.fence, [records.update(step.instance, { atRest: false })]);
	await runScript(context, step, controlScript("start", "all"), "not-started");
	const { watch } = step;
	if (!watch) return;
	const begin = clock.monotonic();
	for (let look = 0; ; look += 1) {
		const waiting = (await statuses(step, context)).filter((process) => process.monitored && !isHeld(process));
		const elapsed = clock.monotonic() - begin;
		if (waiting.length === 0 && elapsed >= watch.fromMs) break;
		if (elapsed > watch.toMs) throw await notRunning(step, context, waiting, watch);
		context.emit({
			type: "step-progress",
			id: step.id,
			text: `waiting for ${waiting.map(({ name }) => name).join(", ")}`,
		});
		await clock.sleep(POLL_MS[look] ?? 1000, signal);
	}
}

function isHeld({ status, uptimeSeconds = HELD_SECONDS }: ProcessStatus): boolean {
	return status === "running" && uptimeSeconds >= HELD_SECONDS;
}

async function statuses(step: Step, context: ApplyContext): Promise<readonly ProcessStatus[]> {
	const { stdout } = await runScript(context, step, statusScript(), "supervisor-silent");
	return parseStatus(stdout);
}

/** Which process, its state, and the end of its job's logs: what an operator would look at next. */
async function notRunning(
	step: Of<"start">,
	context: ApplyContext,
	waiting: readonly ProcessStatus[],
	watch: Watch,
): Promise<UserError> {
	const problems: Problem[] = [];
	const about = (await situation(step, context)).map((line) => `\n${line}`).join("");
	for (const process of waiting) {
		const { stdout } = await runScript(context, step, context.lastLogLines(process.name), "logs", {
			anyExitCode: true,
		});
		const log = lastLines(stdout, 20);
		const seconds = Math.round(watch.toMs / 1000);
		const text = `${step.instance}: process ${process.name} ${stateOf(process)}, ${seconds} s after its start${log ? `\n${log}` : ""}${about}`;
		problems.push(
			problem("not-running", text, { hint: `look at davit logs ${step.instance}; deploy again once it is mended` }),
		);
	}
	return new UserError(problems);
}

function stateOf({ status, message }: ProcessStatus): string {
	if (status === "running") return "was started again a moment ago";
	return `is "${status}"${message ? ` (${message})` : ""}`;
}

/** Tells the supervisor what to do with some checks, or with all. */
export async function control(
	action: ControlAction,
	step: Step & { instance: string; checks?: readonly string[] },
	context: ApplyContext,
	code: string,
): Promise<void> {
	const script = controlScript(action, step.checks ?? "all");
	if (script !== "") await runScript(context, step, script, code);
}

/** Stops the step's processes, or all, and waits until none runs; after five minutes it goes on, as BOSH does, with a warning. */
export async function stopProcesses(
	step: Step & { instance: string; checks?: readonly string[] },
	context: ApplyContext,
): Promise<void> {
	const { clock } = context;
	const { signal } = callOptions(context);
	await control("stop", step, context, "not-stopped");
	const isMeant = ({ name }: ProcessStatus) => step.checks?.includes(name) ?? true;
	const begin = clock.monotonic();
	for (let look = 0; ; look += 1) {
		const running = (await statuses(step, context)).filter(
			(process) => isMeant(process) && (process.pending === "stop" || (process.pid !== undefined && process.pid > 0)),
		);
		if (running.length === 0) return;
		const names = running.map(({ name }) => name).join(", ");
		if (clock.monotonic() - begin > STOP_MS) {
			const text = `${step.instance}: ${names} still run 5 minutes after they were told to stop; going on, as BOSH does`;
			context.emit({ type: "problem", problem: { severity: "warning", code: "still-running", message: text } });
			return;
		}
		context.emit({ type: "step-progress", id: step.id, text: `waiting for ${names} to end` });
		await clock.sleep(POLL_MS[look] ?? 1000, signal);
	}
}

import { problem, UserError } from "../../errors.ts";
import { drainDecision, drainScript } from "../../machine/drain.ts";
import type { DesiredInstance } from "../../plan/desired.ts";
import type { Step } from "../../plan/step.ts";
import type { InstanceRecord } from "../../state/state.ts";
import { type ApplyContext, callOptions } from "../context.ts";
import { runScript } from "../run-script.ts";

type StopStep = Extract<Step, { kind: "stop" }> & { instance: string };

/** What a drain script is told: its arguments, and its environment beside PATH. */
interface DrainCall {
	readonly args: readonly string[];
	readonly env: Readonly<Record<string, string>>;
}

/** Runs a job's drain script until it says 0 or more, then waits that long. */
export async function drain(step: StopStep, job: string, context: ApplyContext): Promise<void> {
	const { clock } = context;
	const { signal } = callOptions(context);
	const begin = clock.monotonic();
	const first = firstCall(step, context);
	for (let call = first; ; call = statusCall(first)) {
		const script = drainScript(job, call.args, call.env);
		const { stdout, code } = await runScript(context, step, script, "drain-failed", { anyExitCode: true });
		const decision = drainDecision(stdout, code ?? -1);
		if (decision.kind === "failed")
			throw new UserError(
				problem("drain-failed", `${step.instance}: drain of job ${job} ${decision.why}`, {
					hint: `mend the job's drain script, or pass over it with --skip-drain ${step.instance.split("/")[0]}; the job still runs`,
				}),
			);
		if (decision.warning) warn(`${step.instance}: drain of job ${job} ${decision.warning}`, context);
		if (decision.waitMs > 0) {
			const text = `${step.instance}: drain of ${job} answered ${stdout.trim()}`;
			context.emit({ type: "step-waiting", id: step.id, text, elapsedMs: clock.monotonic() - begin });
			await clock.sleep(decision.waitMs, signal);
		}
		if (decision.kind === "done") return;
	}
}

/**
 * As bosh-agent tells it (agent/script/drain/script_params.go): what changes is said of the whole instance, not of the one job; a
 * shutdown says nothing of what comes after it but the disk.
 */
function firstCall(step: StopStep, context: ApplyContext): DrainCall {
	const record = context.records.get(step.instance);
	const desired = context.desired.get(step.instance);
	const disk = record.disk === undefined ? undefined : context.records.disk(record.disk);
	const env = {
		BOSH_JOB_STATE: diskState(disk?.sizeMib),
		BOSH_JOB_NEXT_STATE: diskState(desired?.disk?.sizeMib),
	};
	if (step.drain === "shutdown" || !desired) return { args: ["job_shutdown", "hash_unchanged"], env };
	return { args: ["job_changed", hashChange(record, desired, context), ...changedPackages(record, desired)], env };
}

/** The question after an answer below 0: nothing is said of what comes. */
function statusCall({ env }: DrainCall): DrainCall {
	return { args: ["job_check_status", "hash_unchanged"], env: { BOSH_JOB_STATE: env.BOSH_JOB_STATE ?? "" } };
}

function diskState(sizeMib = 0): string {
	return JSON.stringify({ persistent_disk: sizeMib });
}

function hashChange({ applied }: InstanceRecord, { name }: DesiredInstance, context: ApplyContext): string {
	const former = Object.entries(applied?.jobs ?? {}).map(([job, { output }]) => [job, output]);
	const next = context.rendered(name).map((job) => [job.job, context.keyedDigest(JSON.stringify(job))]);
	return JSON.stringify(former.sort()) === JSON.stringify(next.sort()) ? "hash_unchanged" : "hash_changed";
}

/** New ones and other versions, by name. */
function changedPackages({ applied }: InstanceRecord, { packages }: DesiredInstance): readonly string[] {
	return packages
		.filter(({ name, key }) => applied?.packages[name] !== key)
		.map(({ name }) => name)
		.sort();
}

function warn(message: string, context: ApplyContext): void {
	context.emit({ type: "problem", problem: { severity: "warning", code: "drain-exit-code", message } });
}

import { problem, UserError } from "../../errors.ts";
import { drainDecision, drainScript } from "../../machine/drain.ts";
import { controlScript } from "../../machine/supervisor/control.ts";
import type { Step } from "../../plan/step.ts";
import { type ApplyContext, callOptions } from "../context.ts";
import { runScript } from "../run-script.ts";
import { runHook } from "./hooks.ts";
import { stopProcesses } from "./start.ts";

type StopStep = Extract<Step, { kind: "stop" }> & { instance: string };

/** Stops an instance in BOSH's order: unmonitor, pre-stop, drain, stop, post-stop. A VM that doesn't answer is passed over. */
export async function stop(step: StopStep, context: ApplyContext): Promise<void> {
	const { records, store, lease } = context;
	if (!step.reachable && !(await context.answers(step.instance))) return;
	await store.write(lease.fence, [records.update(step.instance, { dirty: true })]);
	await runScript(context, step, controlScript("unmonitor", "all"), "not-unmonitored");
	const next = { BOSH_VM_NEXT_STATE: step.next, BOSH_INSTANCE_NEXT_STATE: "keep", BOSH_DEPLOYMENT_NEXT_STATE: "keep" };
	await runHook(context, step, "pre-stop", step.jobs, next);
	if (!step.skipDrain) await Promise.all(step.jobs.map((job) => drain(step, job, context)));
	await stopProcesses(step, context);
	await runHook(context, step, "post-stop", step.jobs);
}

/** Runs a job's drain script until it says 0 or more, then waits that long. */
async function drain(step: StopStep, job: string, context: ApplyContext): Promise<void> {
	const { clock } = context;
	const { signal } = callOptions(context);
	const begin = clock.monotonic();
	for (let round = 0; ; round += 1) {
		const args =
			round === 0
				? [step.drain === "update" ? "job_changed" : "job_shutdown", "hash_unchanged"]
				: ["job_check_status", "hash_unchanged"];
		const result = await runScript(context, step, drainScript(job, args, {}), "drain-failed", { allow: () => true });
		const decision = drainDecision(result.stdout, result.code ?? -1);
		if (decision.kind === "failed")
			throw new UserError(
				problem("drain-failed", `${step.instance}: drain of job ${job} ${decision.why}`, {
					hint: `mend the job's drain script, or pass over it with --skip-drain ${step.instance.split("/")[0]}; the job still runs`,
				}),
			);
		if (decision.warning)
			context.emit({
				type: "problem",
				problem: {
					severity: "warning",
					code: "drain-exit-code",
					message: `${step.instance}: drain of job ${job} ${decision.warning}`,
				},
			});
		if (decision.waitMs > 0) {
			const elapsedMs = clock.monotonic() - begin;
			context.emit({
				type: "step-waiting",
				id: step.id,
				text: `${step.instance}: drain of ${job} answered ${result.stdout.trim()}`,
				elapsedMs,
			});
			await clock.sleep(decision.waitMs, signal);
		}
		if (decision.kind === "done") return;
	}
}

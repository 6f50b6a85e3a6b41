import type { Step } from "../../plan/step.ts";
import type { ApplyContext } from "../context.ts";
import { drain } from "./drain.ts";
import { runHook } from "./hooks.ts";
import { control, stopProcesses } from "./start.ts";

type StopStep = Extract<Step, { kind: "stop" }> & { instance: string };

/** Stops an instance, or some of its jobs, in BOSH's order: unmonitor, pre-stop, drain, stop, post-stop. A VM that doesn't answer is passed over. */
export async function stop(step: StopStep, context: ApplyContext): Promise<void> {
	const { records, store, lease } = context;
	if (!step.reachable && !(await context.answers(step.instance))) return;
	await store.write(lease.fence, [records.update(step.instance, { dirty: true })]);
	await control("unmonitor", step, context, "not-unmonitored");
	const next = { BOSH_VM_NEXT_STATE: step.next, BOSH_INSTANCE_NEXT_STATE: "keep", BOSH_DEPLOYMENT_NEXT_STATE: "keep" };
	await runHook(context, step, "pre-stop", step.jobs, next);
	if (!step.skipDrain) await Promise.all(step.jobs.map((job) => drain(step, job, context)));
	await stopProcesses(step, context);
	await runHook(context, step, "post-stop", step.jobs);
	if (step.checks) return;
	// With one write: a stop that was all there was to do leaves nothing behind for the next deploy.
	await store.write(lease.fence, [
		records.update(step.instance, { atRest: true, ...(step.settles ? { dirty: false } : {}) }),
	]);
}

import { canonicalJson } from "../digest.ts";
import { type Problem, UserError } from "../errors.ts";
import type { Plan, Step } from "../plan/step.ts";
import type { Change, RecordedEvent } from "../state/state.ts";
import { type ApplyContext, callOptions } from "./context.ts";
import { interruption } from "./interrupted.ts";
import { problemsOf } from "./problems-of.ts";
import { runSteps } from "./schedule.ts";
import { stepActions } from "./steps.ts";

/** Steps at once, whatever the plan allows: a bound for one process's connections and memory. */
export const CONCURRENCY = 32;
/** A step that is silent for this long is said to be waiting, in ms. */
const SILENT_MS = 60_000;

/**
 * Applies a plan. Throws a UserError with all problems of the steps that failed; what had run by then is recorded, and the next deploy
 * goes on from there. An interruption rejects once the running steps have come to rest, with exit code 130.
 */
export async function applyPlan(plan: Plan, context: ApplyContext): Promise<void> {
	const { signal } = callOptions(context);
	if (plan.steps.length > 0) await context.task.begin();
	const digest = context.keyedDigest(canonicalJson(plan)).slice(0, 16);
	const reasons = new Map(plan.changes.map((change) => [change.instance, change.reasons]));
	const own = { ...context, reasons: (instance: string) => reasons.get(instance) ?? [] };
	const { failures, left } = await runSteps(plan.steps, (step) => runStep(step, digest, own), {
		signal,
		concurrency: CONCURRENCY,
	});
	context.lease.check();
	if (signal.aborted) throw interruption({ steps: plan.steps.length, failures, left }, signal.reason);
	if (failures.length === 0) return;
	const problems: Problem[] = [];
	let exitCode: UserError["exitCode"] = 1;
	for (const { step, error } of failures) {
		const known = problemsOf(error, step.instance);
		if (!known) throw error;
		if (error instanceof UserError && error.exitCode !== 1) exitCode = error.exitCode;
		problems.push(...known);
	}
	throw new UserError(problems, { exitCode });
}

async function runStep(step: Step, plan: string, context: ApplyContext): Promise<void> {
	const { clock, emit } = context;
	const begin = clock.monotonic();
	const about = { id: step.id, kind: step.kind, title: step.title };
	emit({ type: "step-started", ...about, ...(step.instance ? { instance: step.instance } : {}) });
	const silence = watchSilence(step, context);
	try {
		await stepActions[step.kind](step as never, silence.context);
		if (step.settles && step.instance !== undefined)
			await context.store.write(context.lease.fence, [settled(step.instance, context)]);
		const durationMs = clock.monotonic() - begin;
		emit({ type: "step-finished", ...about, durationMs });
		await record(step, "done", { durationMs: Math.round(durationMs), plan }, context);
	} catch (error) {
		// What fails in a run that has slept past its lease fails because of that.
		context.lease.check();
		if (!context.signal.aborted) {
			const durationMs = clock.monotonic() - begin;
			const problems = problemsOf(error, step.instance) ?? [];
			emit({ type: "step-failed", ...about, durationMs, problems });
			// Messages may quote what a hook has printed: the event keeps their names alone.
			const codes = problems.map(({ code }) => code);
			// That it can't be noted is not what has failed.
			await record(step, "failed", { durationMs: Math.round(durationMs), plan, problems: codes }, context).catch(
				() => {},
			);
		}
		throw error;
	} finally {
		silence.dispose();
	}
}

/** Who did what, for good. */
function record(
	{ kind, instance, id }: Step,
	outcome: RecordedEvent["outcome"],
	detail: RecordedEvent["detail"],
	{ store, clock, actor, deployment, task }: ApplyContext,
): Promise<void> {
	return store.appendEvent({
		at: clock.now(),
		actor,
		deployment,
		action: kind,
		object: instance ?? id,
		outcome,
		detail: { ...detail, task: task.number },
	});
}

/** What the plan wanted of the instance is done. */
function settled(instance: string, { records }: ApplyContext): Change {
	return records.update(instance, { dirty: false, atRest: records.get(instance).wanted !== "started" });
}

/** Says what is being waited for whenever a step has shown nothing for a minute. */
function watchSilence(step: Step, context: ApplyContext): { readonly context: ApplyContext; dispose(): void } {
	const begin = context.clock.monotonic();
	let last = begin;
	const timer = setInterval(() => {
		const now = context.clock.monotonic();
		if (now - last < SILENT_MS) return;
		last = now;
		context.emit({ type: "step-waiting", id: step.id, text: step.title, elapsedMs: now - begin });
	}, SILENT_MS / 4);
	timer.unref();
	const emit: ApplyContext["emit"] = (event) => {
		last = context.clock.monotonic();
		context.emit(event);
	};
	return { context: { ...context, emit }, dispose: () => clearInterval(timer) };
}

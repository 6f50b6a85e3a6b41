import { canonicalJson } from "../digest.ts";
import { type Problem, UserError } from "../errors.ts";
import type { InstanceName, Plan, Step } from "../plan/step.ts";
import type { Change } from "../state/state.ts";
import { type ApplyContext, callOptions } from "./context.ts";
import { interruption } from "./interrupted.ts";
import { namingOf } from "./naming.ts";
import { problemsOf } from "./problems-of.ts";
import { type Ended, runSteps } from "./schedule.ts";
import { endServing } from "./steps/peer-packages.ts";
import { stepActions } from "./steps.ts";
import { tellStep } from "./told-step.ts";

/** Steps at once, whatever the plan allows: a bound for one process's connections and memory. */
export const CONCURRENCY = 32;

/** With these an instance's turn has begun: as in BOSH it is brought to its end although another instance has failed, so that it doesn't stay stopped. */
const IN_TURN: ReadonlySet<Step["kind"]> = new Set(["stop", "install-jobs", "pre-start", "start", "post-start"]);
/** Not of an instance's turn: they come when all have had theirs. */
const AT_END: ReadonlySet<Step["kind"]> = new Set(["post-deploy", "errand"]);

/**
 * Applies a plan. Throws a UserError with all problems of the steps that failed, once the instances that were being updated beside them
 * are; what had run by then is recorded, and the next deploy goes on from there. An interruption rejects once the running steps have come to rest, with exit code 130.
 */
export async function applyPlan(plan: Plan, context: ApplyContext): Promise<void> {
	const { signal } = callOptions(context);
	if (plan.steps.length > 0) await context.task.begin();
	const digest = context.keyedDigest(canonicalJson(plan)).slice(0, 16);
	const reasons = new Map(plan.changes.map((change) => [change.instance, change.reasons]));
	const own = { ...context, reasons: (instance: string) => reasons.get(instance) ?? [], naming: namingOf(plan) };
	const run = (step: Step, told: ApplyContext) => runStep(step, digest, told);
	const updating = new Set<InstanceName>();
	const begin = (step: Step) => {
		if (step.instance !== undefined && IN_TURN.has(step.kind)) updating.add(step.instance);
		return run(step, own);
	};
	const goesOn = ({ instance, kind }: Step) => instance !== undefined && updating.has(instance) && !AT_END.has(kind);
	const ended = await runSteps(plan.steps, begin, { signal, concurrency: CONCURRENCY, goesOn });
	context.lease.check();
	const { failures, left } = await withoutCompilationVms(ended, own, run);
	if (!signal.aborted) await endServing(context);
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

/** Compilation VMs of a plan that did not come to its end are deleted all the same, also after an interruption: nobody else has a use for them. */
async function withoutCompilationVms(
	{ failures, left }: Ended,
	context: ApplyContext,
	run: (step: Step, context: ApplyContext) => Promise<void>,
): Promise<Ended> {
	const due = left.filter(
		({ kind, instance }) =>
			kind === "delete-compilation-vm" && instance !== undefined && context.records.find(instance) !== undefined,
	);
	const unhindered = { ...context, signal: context.lease.signal };
	const rest = await runSteps(
		due.map((step) => ({ ...step, after: [] })),
		(step) => run(step, unhindered),
		{ signal: context.lease.signal, concurrency: CONCURRENCY },
	);
	context.lease.check();
	return { failures: [...failures, ...rest.failures], left: left.filter((step) => !due.includes(step)) };
}

function runStep(step: Step, plan: string, context: ApplyContext): Promise<void> {
	const work = async (told: ApplyContext) => {
		await stepActions[step.kind](step as never, "onNextVm" in step ? { ...told, ...told.ofNextVm } : told);
		if (step.settles && step.instance !== undefined)
			await told.store.write(told.lease.fence, [settled(step.instance, told)]);
	};
	return tellStep(step, context, work, plan);
}

/** What the plan wanted of the instance is done. */
function settled(instance: string, { records }: ApplyContext): Change {
	return records.update(instance, { dirty: false, atRest: records.get(instance).wanted !== "started" });
}

import { applyPlan } from "../../apply/apply.ts";
import type { ApplyContext } from "../../apply/context.ts";
import { disksOf } from "../../plan/named-disks.ts";
import type { InstanceName, Plan } from "../../plan/step.ts";
import type { CliContext, Options } from "../command.ts";
import { refuseConverge, withTurns } from "./change-state.ts";
import { askConsent, needsConsent } from "./confirm.ts";
import { type DeployFlags, prepareDeploy } from "./deploy.ts";
import type { DeploymentRun } from "./deployment-run.ts";
import type { Inputs } from "./manifest.ts";
import { selectInstances } from "./recorded.ts";
import { withRecordedRun } from "./recorded-run.ts";
import { showPlan } from "./show-plan.ts";

/** Opens the deployment that the options name for `work` on instances: those that the selector chooses, or all. */

export async function withChosenInstances(
	verb: string,
	selector: string | readonly string[] | undefined,
	options: Options,
	context: CliContext,
	work: (run: DeploymentRun, chosen: readonly InstanceName[]) => Promise<void>,
): Promise<void> {
	refuseConverge(verb, options);
	const choose = (run: DeploymentRun) => serviceInstances(run, typeof selector === "string" ? selector : undefined);
	const adapt = (inputs: Inputs) => withTurns(inputs, options);
	await withRecordedRun(verb, options, context, (run) => work(run, choose(run)), adapt);
}

function serviceInstances({ records }: DeploymentRun, selector: string | undefined): readonly InstanceName[] {
	return selectInstances(records, selector).filter((name) => records.get(name).lifecycle === "service");
}

/** Brings instances, and no others, to what the last deploy's manifest wants of them. */
export async function bringUp(
	run: DeploymentRun,
	own: readonly InstanceName[],
	flags: Partial<DeployFlags>,
	options: Options,
): Promise<void> {
	const prepared = await prepareDeploy(run, {
		...{ fix: false, recreate: false, restart: false, fixReleases: false, refresh: true },
		skipDrain: new Set(options.skipDrain === true ? ["*"] : []),
		only: new Set(own),
		...flags,
	});
	try {
		const stateful = new Set(own.filter((name) => disksOf(run.records.find(name) ?? {}).length > 0));
		const lines = needsConsent(prepared.plan, stateful, false);
		if (options.dryRun === true) return showPlan(prepared.plan, run.context);
		await askConsent(lines, run.context, options.nonInteractive === true);
		await applyChosen(run, prepared);
	} finally {
		await prepared.close();
	}
}

/** Applies a plan for some instances. */
export async function applyChosen(
	{ inputs, context }: DeploymentRun,
	{ plan, applyContext }: { readonly plan: Plan; readonly applyContext: ApplyContext },
): Promise<void> {
	const { name } = inputs.deployment;
	if (plan.steps.length === 0) return context.emit({ type: "note", text: `${name}: nothing to do` });
	showPlan(plan, context);
	const begin = context.clock.monotonic();
	await applyPlan(plan, applyContext);
	const seconds = ((context.clock.monotonic() - begin) / 1000).toFixed(1);
	context.emit({ type: "note", text: `${name}: done in ${seconds} s` });
}

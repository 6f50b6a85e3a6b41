import { applyPlan } from "../../apply/apply.ts";
import { endServing } from "../../apply/steps/peer-packages.ts";
import { UserError } from "../../errors.ts";
import { massDeletion } from "../../plan/mass-deletion.ts";
import type { InstanceRecord, RecordedInputs } from "../../state/state.ts";
import { type Options, text } from "../command.ts";
import { askConsent, consentOption, needsConsent } from "./confirm.ts";
import { prepareDeploy } from "./deploy.ts";
import { deployFlags } from "./deploy-flags.ts";
import type { DeploymentRun } from "./deployment-run.ts";
import { planReport } from "./plan-report.ts";
import { refuseOtherPlan } from "./saved-plan.ts";
import { showPlan } from "./show-plan.ts";
import { refuseUnableClouds } from "./snapshots.ts";
import { applyOrUndo, onFailureOption, undoes } from "./undo.ts";

/** Options of commands that apply a whole deploy: what an operator agrees to, and what a failure means. */
export const applyOptions = [
	onFailureOption,
	consentOption,
	{ flags: "--allow-deletions", about: "delete whole instance groups, though they are most of the deployment" },
] as const;

/** Plans and applies a deploy of the run's inputs, with the options of `davit deploy`. */
export async function runDeploy(run: DeploymentRun, options: Options): Promise<void> {
	const { context, former, inputs } = run;
	const undoing = undoes(options);
	const flags = await deployFlags(inputs.deployment.variables, options, context);
	const prepared = await prepareDeploy(run, flags);
	try {
		const { plan } = prepared;
		const { name } = inputs.deployment;
		const saved = text(options, "plan");
		if (saved !== undefined)
			await refuseOtherPlan(saved, run, prepared, await planReport(run, prepared, flags.refresh));
		const resting = restingNote(run.records.instances());
		if (plan.steps.length === 0) {
			await markUnfinished(run, undefined);
			await endServing(prepared.applyContext);
			context.emit({ type: "note", text: `${name}: nothing to do, all is as the manifest says` });
			if (resting) context.emit({ type: "note", text: resting });
			return;
		}
		refuseUnableClouds(plan, run.cpis);
		const mass = massDeletion(plan, run.records.instances());
		if (mass && options.allowDeletions !== true) throw new UserError(mass, { exitCode: 4 });
		const stateful = new Set(
			run.records.instances().flatMap(({ group, index, disk }) => (disk ? [`${group}/${index}`] : [])),
		);
		await askConsent(
			needsConsent(plan, stateful, former?.deployedAt === undefined),
			context,
			options.nonInteractive === true || saved !== undefined,
		);
		showPlan(plan, context);
		await markUnfinished(run, prepared.recorded);
		const begin = context.clock.monotonic();
		if (undoing) await applyOrUndo(prepared, run, flags);
		else await applyPlan(plan, prepared.applyContext);
		context.emit({
			type: "note",
			text: `${name}: deployed in ${((context.clock.monotonic() - begin) / 1000).toFixed(1)} s`,
		});
		for (const text of [...(resting ? [resting] : []), ...prepared.notes]) context.emit({ type: "note", text });
	} finally {
		await prepared.close();
	}
}

/** What `davit resume` goes on with; undefined: nothing. A deploy that finishes takes it away. */
async function markUnfinished(
	{ store, lease, inputs }: DeploymentRun,
	unfinished: RecordedInputs | undefined,
): Promise<void> {
	const { deployment } = await store.read(inputs.deployment.name);
	if (!deployment || (unfinished === undefined && deployment.unfinished === undefined)) return;
	const { unfinished: _, ...record } = deployment;
	const next = unfinished === undefined ? record : { ...record, unfinished };
	await store.write(lease.fence, [{ put: "deployment", record: next }]);
}

/** What no deploy touches or starts, since an operator wants it so. */
function restingNote(instances: readonly InstanceRecord[]): string | undefined {
	const named = (which: (record: InstanceRecord) => boolean) =>
		instances.filter(which).map(({ group, index }) => `${group}/${index}`);
	const [stopped, ignored] = [named(({ wanted }) => wanted !== "started"), named(({ ignore }) => ignore)];
	const parts = [
		...(stopped.length > 0 ? [`stopped until davit start: ${stopped.join(", ")}`] : []),
		...(ignored.length > 0 ? [`ignored until davit unignore: ${ignored.join(", ")}`] : []),
	];
	return parts.length > 0 ? parts.join("; ") : undefined;
}

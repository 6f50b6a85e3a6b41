import type { ApplyContext } from "../../apply/context.ts";
import type { DiffOptions } from "../../plan/diff-instance.ts";
import type { Plan } from "../../plan/step.ts";
import type { DeploymentRecord } from "../../state/state.ts";
import { applyContext } from "./apply-context.ts";
import { planFrom } from "./deploy-plan.ts";
import type { DeploymentRun } from "./deployment-run.ts";
import { type DesiredFlags, desiredState } from "./desired-state.ts";
import { releaseContents } from "./releases.ts";

export interface DeployFlags extends DesiredFlags, DiffOptions {
	readonly skipDrain: ReadonlySet<string>;
}

export interface PreparedDeploy {
	readonly plan: Plan;
	readonly applyContext: ApplyContext;
	/** What the manifest wants to be told at the end. */
	readonly notes: readonly string[];
	readonly close: () => Promise<void>;
}

/** Everything up to the plan: what is wanted, what is there, and the steps from one to the other. */
export async function prepareDeploy(run: DeploymentRun, flags: DeployFlags): Promise<PreparedDeploy> {
	const { context, inputs, former } = run;
	const { deployment } = inputs;
	const state = await desiredState(run, flags);
	try {
		const record = await recordStart(run, releaseContents(state.releases));
		const plan = await planFrom({
			...run,
			context,
			deployment: deployment.name,
			desired: state.desired,
			obsolete: state.obsolete,
			unknownVariables: state.variables.planned.map(({ definition }) => definition.name),
			firstDeploy: former?.deployedAt === undefined,
			inputsChanged: former?.manifestDigest !== run.inputsDigest,
			diff: flags,
			skipDrain: flags.skipDrain,
		});
		const notes = deployment.notes === undefined ? [] : [deployment.notes];
		return { plan, applyContext: applyContext({ ...run, ...state, record }), notes, close: state.close };
	} catch (error) {
		await state.close();
		throw error;
	}
}

/** The record that `record-deploy` will write; until then the one of the last finished deploy stays, if there is one. */
async function recordStart(
	{ inputs, store, lease, former, inputsDigest }: DeploymentRun,
	releases: DeploymentRecord["releases"],
): Promise<DeploymentRecord> {
	const { deployment, manifestFile, files, manifestValue, cloudValue } = inputs;
	const base = {
		name: deployment.name,
		cloudFiles: files.cloudFiles,
		runtimeConfigFiles: files.runtimeConfigFiles,
		manifestFile,
		manifest: manifestValue,
		cloud: cloudValue,
		notes: [],
	};
	if (former?.deployedAt === undefined)
		await store.write(lease.fence, [{ put: "deployment", record: { ...base, releases: {} } }]);
	return { ...base, manifestDigest: inputsDigest, releases };
}

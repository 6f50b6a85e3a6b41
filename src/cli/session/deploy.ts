import type { ApplyContext } from "../../apply/context.ts";
import { UserError } from "../../errors.ts";
import type { DiffOptions } from "../../plan/diff-instance.ts";
import { quotaProblems } from "../../plan/quota-problems.ts";
import type { DeploymentRecord, RecordedInputs } from "../../state/state.ts";
import { applyContext } from "./apply-context.ts";
import { compilationVmsOf } from "./compilation.ts";
import { type DeployPlan, planFrom } from "./deploy-plan.ts";
import type { DeploymentRun } from "./deployment-run.ts";
import { type DesiredFlags, type DesiredState, desiredState } from "./desired-state.ts";
import { recordedLinks } from "./links-elsewhere.ts";
import { sealPart } from "./recorded-parts.ts";
import { releaseContents } from "./releases.ts";
import { askResources, type Resources } from "./resources.ts";
import { keepStrayDisks } from "./stray-disks.ts";

export interface DeployFlags extends Omit<DesiredFlags, "recreate" | "createdBefore">, Omit<DiffOptions, "canResize"> {
	readonly skipDrain: ReadonlySet<string>;
	readonly snapshots?: boolean;
	/** Packages compile on VMs of the cloud file's `compilation` block, and not on the deployment's own. */
	readonly compilationVms?: boolean;
	/** False: clouds and VMs are not asked, what is recorded counts. */
	readonly refresh: boolean;
}

export interface PreparedDeploy extends DeployPlan {
	readonly state: DesiredState;
	readonly applyContext: ApplyContext;
	/** What it is made from. */
	readonly recorded: RecordedInputs;
	/** What the manifest wants to be told at the end. */
	readonly notes: readonly string[];
	/** Absent: no cloud was asked. */
	readonly resources?: Resources;
	readonly close: () => Promise<void>;
}

/** Everything up to the plan: what is wanted, what is there, and the steps from one to the other. */
export async function prepareDeploy(run: DeploymentRun, flags: DeployFlags): Promise<PreparedDeploy> {
	const { context, inputs, former } = run;
	const { deployment } = inputs;
	const state = await desiredState(run, flags);
	try {
		const record = recordOf(run, state);
		await recordStart(run, record);
		if (flags.refresh && !flags.only) await keepStrayDisks(run);
		const planned = await planFrom({
			...run,
			context,
			deployment: deployment.name,
			desired: state.desired.filter(({ name }) => flags.only?.has(name) ?? true),
			instances: state.desired,
			obsolete: flags.only ? [] : state.obsolete,
			unknownVariables: state.variables.planned.map(({ definition }) => definition.name),
			firstDeploy: former?.deployedAt === undefined,
			inputsChanged: former?.manifestDigest !== run.inputsDigest,
			diff: flags,
			skipDrain: flags.skipDrain,
			snapshots: flags.snapshots === true,
			refresh: flags.refresh,
			...(flags.compilationVms ? { compilationVms: compilationVmsOf(run, state) } : {}),
			whole: flags.only === undefined,
		});
		const desired = [...state.desired, ...planned.compilationVms];
		const resources = flags.refresh ? await askResources(run, planned) : undefined;
		const overQuota = quotaProblems(resources?.totals ?? []);
		if (overQuota.length > 0) throw new UserError(overQuota);
		const notes = deployment.notes === undefined ? [] : [deployment.notes];
		return {
			...planned,
			...(resources ? { resources } : {}),
			state,
			applyContext: applyContext({ ...run, ...state, desired, record: () => withLinks(record, state, run) }),
			recorded: inputsOf(record),
			notes,
			close: state.close,
		};
	} catch (error) {
		await state.close();
		throw error;
	}
}

function inputsOf({ cloudFiles, runtimeConfigFiles, manifestFile, manifest, cloud }: RecordedInputs) {
	return { cloudFiles, runtimeConfigFiles, manifestFile, manifest, cloud };
}

/** With what other deployments may consume from now on. */
function withLinks(
	record: DeploymentRecord,
	{ shared, variables }: DesiredState,
	run: DeploymentRun,
): DeploymentRecord {
	const { key, records, context } = run;
	const ips = new Map(records.instances().map((instance) => [instance.id, instance.ips]));
	const links = recordedLinks(shared, variables.values, (id) => ips.get(id) ?? {});
	return { ...record, links: sealPart("links", links, { deployment: record.name, key, random: context.random }) };
}

/** What a deploy that has finished records: by which inputs, and what it shares. */
export function finishedRecord(run: DeploymentRun, state: DesiredState): DeploymentRecord {
	return { ...withLinks(recordOf(run, state), state, run), deployedAt: run.context.clock.now() };
}

function recordOf(
	{ inputs, inputsDigest, former, key, context: { random } }: DeploymentRun,
	{ releases }: DesiredState,
): DeploymentRecord {
	const { deployment, manifestFile, files, manifestValue, cloudValue } = inputs;
	const place = { deployment: deployment.name, key, random };
	return {
		name: deployment.name,
		cloudFiles: files.cloudFiles,
		runtimeConfigFiles: files.runtimeConfigFiles,
		manifestFile,
		manifest: sealPart("manifest", manifestValue, place),
		cloud: sealPart("cloud", cloudValue, place),
		notes: [],
		manifestDigest: inputsDigest,
		releases: releaseContents(releases),
		...(former?.errands ? { errands: former.errands } : {}),
	};
}

/** Until a deploy has finished, what it is made from is recorded alone; after that the record of the last finished one stays. */
async function recordStart({ store, lease, former }: DeploymentRun, record: DeploymentRecord): Promise<void> {
	if (former?.deployedAt !== undefined) return;
	const { manifestDigest: _, ...begun } = record;
	await store.write(lease.fence, [{ put: "deployment", record: { ...begun, releases: {} } }]);
}

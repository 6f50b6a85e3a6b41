import type { ApplyContext } from "../../apply/context.ts";
import { type Problem, UserError } from "../../errors.ts";
import { buildDesired } from "../../plan/build-desired.ts";
import type { DesiredInstance } from "../../plan/desired.ts";
import { placeInstances } from "../../plan/place.ts";
import type { Plan } from "../../plan/step.ts";
import type { DeploymentRecord } from "../../state/state.ts";
import { createRubyRenderer } from "../../template/ruby/renderer.ts";
import { keyedDigest } from "../../variables/key.ts";
import { applyContext } from "./apply-context.ts";
import { planFrom } from "./deploy-plan.ts";
import type { DeploymentRun } from "./deployment-run.ts";
import { monitProblems } from "./monit-problems.ts";
import { openReleases, refuseChangedReleases, releaseContents } from "./releases.ts";
import { createRenderBook, type RenderBook } from "./render-book.ts";
import { openVariables } from "./variables.ts";

export interface DeployFlags {
	readonly fix: boolean;
	readonly recreate: boolean;
	readonly restart: boolean;
	readonly fixReleases: boolean;
	readonly skipDrain: ReadonlySet<string>;
}

export interface PreparedDeploy {
	readonly plan: Plan;
	readonly applyContext: ApplyContext;
	/** What the manifest wants to be told at the end. */
	readonly notes: readonly string[];
	readonly close: () => Promise<void>;
}

/** Everything up to the plan: places instances, opens releases, makes what is cheap, renders what is known, looks at what is there. */
export async function prepareDeploy(run: DeploymentRun, flags: DeployFlags): Promise<PreparedDeploy> {
	const { context, inputs, store, key, lease, former, records } = run;
	const { deployment, cloud } = inputs;
	const releases = await openReleases(deployment, run.blobs, context);
	if (former && !flags.fixReleases) refuseChangedReleases(releases, former.releases);
	const placement = placeInstances(deployment, cloud, records.instances(), {
		usedElsewhere: await addressesElsewhere(run),
		newId: context.random.uuid,
		include: ({ lifecycle }) => lifecycle === "service",
	});
	const built = buildDesired({ deployment, cloud, placement, releases, disks: records.disks() });
	refuse(built.problems, run);
	const variables = await openVariables(deployment.variables, {
		deployment: deployment.name,
		store,
		key,
		clock: context.clock,
		random: context.random,
		hide: context.hide,
	});
	const cheap = variables.planned
		.filter(({ definition }) => definition.type === "password")
		.map(({ definition }) => definition.name);
	await variables.make(cheap, lease, () => {});
	const renderer = createRubyRenderer();
	const renderBook = createRenderBook({
		renderer,
		values: variables.values,
		keyedDigest: (text) => keyedDigest(key, text),
		nowMs: context.clock.now(),
		emit: context.emit,
	});
	try {
		const desired = built.instances.map((instance) => withInputs(instance, renderBook));
		const changed = desired.filter((instance) =>
			instance.jobs.some(
				(job) => job.input === undefined || instance.record?.applied?.jobs[job.job.name]?.input !== job.input,
			),
		);
		await renderBook.renderKnown(changed, context.signal);
		refuse(monitProblems(changed, renderBook), run);
		const record = await recordStart(run, releaseContents(releases));
		const plan = await planFrom({
			context,
			deployment: deployment.name,
			store,
			records,
			desired,
			obsolete: placement.obsolete,
			unknownVariables: variables.planned.map(({ definition }) => definition.name),
			cpis: run.cpis,
			machines: run.machines,
			firstDeploy: former?.deployedAt === undefined,
			inputsChanged: former?.manifestDigest !== run.inputsDigest,
			diff: flags,
			skipDrain: flags.skipDrain,
		});
		const parts = { ...run, desired, releases, variables, renderBook, record };
		return {
			plan,
			applyContext: applyContext(parts),
			notes: deployment.notes === undefined ? [] : [deployment.notes],
			close: () => renderer.close(),
		};
	} catch (error) {
		await renderer.close();
		throw error;
	}
}

function refuse(problems: readonly Problem[], { context }: DeploymentRun): void {
	const errors = problems.filter(({ severity }) => severity === "error");
	if (errors.length > 0) throw new UserError(errors);
	for (const problem of problems) context.emit({ type: "problem", problem });
}

function withInputs(instance: DesiredInstance, renderBook: RenderBook): DesiredInstance {
	const jobs = instance.jobs.map((job) => {
		const input = renderBook.inputOf(job);
		return input === undefined ? job : { ...job, input };
	});
	return { ...instance, jobs };
}

/** The record that `record-deploy` will write; until then the one of the last finished deploy stays, if there is one. */
async function recordStart(
	{ inputs, store, lease, former, inputsDigest }: DeploymentRun,
	releases: DeploymentRecord["releases"],
): Promise<DeploymentRecord> {
	const { deployment, manifestFile, cloudFile, manifestValue, cloudValue } = inputs;
	const base = {
		name: deployment.name,
		cloudFile,
		manifestFile,
		manifest: manifestValue,
		cloud: cloudValue,
		notes: [],
	};
	if (former?.deployedAt === undefined)
		await store.write(lease.fence, [{ put: "deployment", record: { ...base, releases: {} } }]);
	return { ...base, manifestDigest: inputsDigest, releases };
}

/** Addresses that instances of other deployments hold. */
async function addressesElsewhere({ store, inputs }: DeploymentRun): Promise<ReadonlySet<string>> {
	const others = (await store.deployments()).filter(({ name }) => name !== inputs.deployment.name);
	const instances = (await Promise.all(others.map(({ name }) => store.read(name)))).flatMap(
		(recorded) => recorded.instances,
	);
	return new Set(instances.flatMap(({ ips }) => Object.values(ips)));
}

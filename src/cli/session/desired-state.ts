import { type Problem, UserError } from "../../errors.ts";
import type { Deployment, Value, VariableDefinition } from "../../manifest/deployment.ts";
import type { DesiredInstance } from "../../plan/desired.ts";
import { isRecreated } from "../../plan/diff-instance.ts";
import { heldAddresses } from "../../plan/place.ts";
import { type PlaceAndBuildOptions, placeAndBuild } from "../../plan/place-and-build.ts";
import type { SharedLinks } from "../../plan/shared-links.ts";
import type { InstanceName } from "../../plan/step.ts";
import type { Release } from "../../release/release.ts";
import type { InstanceRecord } from "../../state/state.ts";
import { keyedDigest } from "../../variables/key.ts";
import type { DeploymentRun } from "./deployment-run.ts";
import { openLinksElsewhere } from "./links-elsewhere.ts";
import { located } from "./located.ts";
import { monitProblems } from "./monit-problems.ts";
import { openReleases, refuseChangedReleases } from "./releases.ts";
import { createRenderBook, type RenderBook } from "./render-book.ts";
import { openStemcells, type StemcellBook } from "./stemcells.ts";
import { openVariables, type VariableBook } from "./variables.ts";
import { vmResourceProperties } from "./vm-resources.ts";

export interface DesiredFlags {
	readonly fixReleases: boolean;
	/** Values of variables that davit has none of yet. */
	readonly imported?: ReadonlyMap<string, Value>;
	/** Instances that get another VM whatever they are; none unless given. */
	readonly recreate?: boolean;
	/** With `recreate`, only those whose VM was made before: wall clock, ms since 1970. */
	readonly createdBefore?: number | undefined;
	/** These instances alone; nothing is done to others, but that they are told where one has gone. */
	readonly only?: ReadonlySet<InstanceName>;
	/** This errand group alone, instead of all service groups. */
	readonly errandGroup?: string;
}

/** What the manifest wants, and what it is made from. */
export interface DesiredState {
	readonly desired: readonly DesiredInstance[];
	readonly obsolete: readonly InstanceRecord[];
	/** What it offers to other deployments, once it is deployed. */
	readonly shared: SharedLinks;
	readonly releases: ReadonlyMap<string, Release>;
	readonly variables: VariableBook;
	/** Names of the variables that had no value when it was looked, or get another. */
	readonly generated: readonly string[];
	readonly renderBook: RenderBook;
	readonly stemcells: StemcellBook;
	readonly close: () => Promise<void>;
}

/** Opens releases, places instances, makes what variables are cheap, and renders all that is known. Throws with everything that is wrong. */
export async function desiredState(run: DeploymentRun, flags: DesiredFlags): Promise<DesiredState> {
	const { context, inputs, store, key, lease, former, records } = run;
	const { deployment, cloud } = inputs;
	const releases = await openReleases(deployment, run.blobs, inputs.place, context);
	if (former && !flags.fixReleases) refuseChangedReleases(releases, former.releases);
	const stemcells = await openStemcells(inputs, run.cpis, context);
	const { built, placement } = placeAndBuild(
		{
			deployment,
			cloud,
			releases,
			disks: records.disks(),
			linksElsewhere: await openLinksElsewhere(deployment, { store, key }, context),
			stemcell: stemcells.of,
			vmResources: await vmResourceProperties(deployment, run.cpis, context.signal),
			cgroups: stemcells.cgroups,
		},
		await placing(run, flags),
	);
	tell(
		[...built.problems, ...stemcells.problems].map((problem) => located(problem, inputs.place)),
		run,
	);
	const { clock, random, hide } = context;
	const variables = await openVariables(deployment.variables, {
		deployment: deployment.name,
		store,
		key,
		clock,
		random,
		hide,
		imported: flags.imported ?? new Map(),
	});
	tell(variables.warnings, run);
	const generated = variables.planned.map(({ definition }) => definition.name);
	await variables.make(cheapOnes(variables, flags.imported), lease, () => {});
	const renderer = context.ports.createRenderer();
	const renderBook = createRenderBook({
		renderer,
		values: variables.values,
		keyedDigest: (text) => keyedDigest(key, text),
		nowMs: clock.now(),
		emit: context.emit,
	});
	try {
		const wanted = built.instances.filter(
			({ group }) => flags.errandGroup === undefined || group.name === flags.errandGroup,
		);
		const desired = await withDigests(wanted, renderBook, run);
		if (variables.planned.length > 0) renderer.warm();
		return {
			desired,
			shared: built.shared,
			obsolete: obsoleteOf(placement.obsolete, deployment, flags),
			releases,
			variables,
			generated,
			renderBook,
			stemcells,
			close: () => renderer.close(),
		};
	} catch (error) {
		await renderer.close();
		throw error;
	}
}

/** What is there already, and what is asked for besides the manifest. */
async function placing(
	run: DeploymentRun,
	{ errandGroup, only, ...flags }: DesiredFlags,
): Promise<PlaceAndBuildOptions> {
	return {
		// The addresses of compilation VMs are free: the plan deletes what is left of those before it makes anything.
		recorded: run.records.lasting(),
		usedElsewhere: await addressesElsewhere(run),
		newId: run.context.random.uuid,
		include: ({ lifecycle, name }) => lifecycle === "service" || name === errandGroup,
		recreated: (name) => isRecreated(run.records.find(name), flags) && only?.has(name) !== false,
		untouched: (name) => only?.has(name) === false,
	};
}

/** Those that are made in no time, so that the templates that need them can be checked before any VM is made. */
function cheapOnes({ planned }: VariableBook, imported: DesiredFlags["imported"]): readonly string[] {
	const cheap = ({ type, name }: VariableDefinition) => type === "password" || imported?.has(name) === true;
	return planned.flatMap(({ definition }) => (cheap(definition) ? definition.name : []));
}

/** Says of each job what it is rendered from and, where that is not what was last installed, what it renders to. */
async function withDigests(
	instances: readonly DesiredInstance[],
	renderBook: RenderBook,
	run: DeploymentRun,
): Promise<readonly DesiredInstance[]> {
	const withInputs = instances.map((instance) => ({
		...instance,
		jobs: instance.jobs.map((job) => {
			const input = renderBook.inputOf(job);
			return input === undefined ? job : { ...job, input };
		}),
	}));
	const changed = withInputs.filter(({ jobs, record }) =>
		jobs.some(({ job, input }) => input === undefined || record?.applied?.jobs[job.name]?.input !== input),
	);
	await renderBook.renderKnown(changed, run.context.signal);
	tell(monitProblems(changed, renderBook), run);
	return withInputs.map((instance) => ({
		...instance,
		jobs: instance.jobs.map((job) => {
			const output = renderBook.outputOf(instance, job);
			return output === undefined ? job : { ...job, output };
		}),
	}));
}

/** An errand's VM that was kept alive is not obsolete while the manifest has its group; bringing up an errand removes nothing. */
function obsoleteOf(
	left: readonly InstanceRecord[],
	deployment: Deployment,
	flags: DesiredFlags,
): readonly InstanceRecord[] {
	if (flags.errandGroup !== undefined) return [];
	const errands = new Set(
		deployment.instanceGroups.flatMap(({ name, lifecycle }) => (lifecycle === "errand" ? [name] : [])),
	);
	return left.filter(({ group }) => !errands.has(group));
}

/** Errors end the command, all at once; warnings are shown. */
function tell(problems: readonly Problem[], { context }: DeploymentRun): void {
	const errors = problems.filter(({ severity }) => severity === "error");
	if (errors.length > 0) throw new UserError(errors);
	for (const problem of problems) context.emit({ type: "problem", problem });
}

/** Addresses that instances of other deployments hold. */
export async function addressesElsewhere({
	store,
	inputs,
}: Pick<DeploymentRun, "store" | "inputs">): Promise<ReadonlySet<string>> {
	const others = (await store.deployments()).filter(({ name }) => name !== inputs.deployment.name);
	const instances = (await Promise.all(others.map(({ name }) => store.read(name)))).flatMap(
		(recorded) => recorded.instances,
	);
	return new Set(instances.flatMap(heldAddresses));
}

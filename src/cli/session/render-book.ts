import { canonicalJson } from "../../digest.ts";
import { type Problem, UserError } from "../../errors.ts";
import type { EventSink } from "../../events.ts";
import type { Value } from "../../manifest/deployment.ts";
import { referencedNames, resolveReferences } from "../../manifest/resolve-references.ts";
import type { DesiredInstance, DesiredJob } from "../../plan/desired.ts";
import type { InstanceName } from "../../plan/step.ts";
import type { RenderedJob, Renderer, RenderRequest } from "../../template/render.ts";

export interface RenderBookOptions {
	readonly renderer: Renderer;
	/** Values of generated variables as they are known by now. */
	readonly values: ReadonlyMap<string, Value>;
	readonly keyedDigest: (text: string) => string;
	readonly nowMs: number;
	readonly emit: EventSink;
}

/** Rendered jobs of a run, in memory only: they hold secrets. */
export interface RenderBook {
	/** Keyed digest of all that a job is rendered from; undefined while a variable that it needs is unknown. */
	inputOf(job: DesiredJob): string | undefined;
	/** Renders what isn't yet. Throws a UserError with every failure of every template. */
	render(instances: readonly DesiredInstance[], signal: AbortSignal): Promise<void>;
	/** Renders those whose values are all known, as far as they aren't yet. */
	renderKnown(instances: readonly DesiredInstance[], signal: AbortSignal): Promise<void>;
	rendered(instance: DesiredInstance): readonly RenderedJob[];
	/** Keyed digest of what a job rendered to; undefined if it isn't rendered. */
	outputOf(instance: DesiredInstance, job: DesiredJob): string | undefined;
}

export function createRenderBook({ renderer, values, keyedDigest, nowMs, emit }: RenderBookOptions): RenderBook {
	const done = new Map<InstanceName, Map<string, RenderedJob>>();
	const named = new Map<DesiredJob, readonly string[]>();
	const namesIn = (job: DesiredJob) => {
		const known = named.get(job) ?? referencedNames(job.spec as unknown as Value);
		named.set(job, known);
		return known;
	};
	const isKnown = (job: DesiredJob) => namesIn(job).every((name) => values.has(name));
	const resolved = (job: DesiredJob) => {
		const wanted = namesIn(job);
		if (wanted.length === 0) return job.spec;
		return resolveReferences(
			job.spec as unknown as Value,
			Object.fromEntries(wanted.flatMap((name) => (values.has(name) ? [[name, values.get(name) as Value]] : []))),
		) as unknown as DesiredJob["spec"];
	};
	const missing = (instance: DesiredInstance) =>
		instance.jobs.filter(({ job }) => !done.get(instance.name)?.has(job.name));

	const renderJobs = async (wanted: readonly { instance: DesiredInstance; job: DesiredJob }[], signal: AbortSignal) => {
		if (wanted.length === 0) return;
		const requests = wanted.map(
			({ instance, job }): RenderRequest => ({
				group: instance.group.name,
				instance: instance.name,
				job: job.job,
				spec: resolved(job),
			}),
		);
		const { jobs, problems } = await renderer.render(requests, { nowMs, signal });
		const errors = problems.filter(({ severity }: Problem) => severity === "error");
		for (const problem of problems) if (problem.severity === "warning") emit({ type: "problem", problem });
		if (errors.length > 0) throw new UserError(errors);
		wanted.forEach(({ instance }, position) => {
			const rendered = jobs[position];
			const own = done.get(instance.name) ?? new Map<string, RenderedJob>();
			if (rendered) own.set(rendered.job, rendered);
			done.set(instance.name, own);
		});
	};
	const pairs = (instances: readonly DesiredInstance[]) =>
		instances.flatMap((instance) => missing(instance).map((job) => ({ instance, job })));
	return {
		inputOf: (job) =>
			isKnown(job) ? keyedDigest(canonicalJson({ fingerprint: job.job.fingerprint, spec: resolved(job) })) : undefined,
		render: (instances, signal) => renderJobs(pairs(instances), signal),
		renderKnown: (instances, signal) =>
			renderJobs(
				pairs(instances).filter(({ job }) => isKnown(job)),
				signal,
			),
		outputOf: ({ name }, { job }) => {
			const rendered = done.get(name)?.get(job.name);
			return rendered && keyedDigest(JSON.stringify(rendered));
		},
		rendered: ({ name, jobs }) => jobs.flatMap(({ job }) => done.get(name)?.get(job.name) ?? []),
	};
}

import type { Problem } from "../../src/errors.ts";
import type { MonitFileChecks } from "../../src/machine/monit.ts";
import { monitChecksOf } from "../../src/machine/monit-files.ts";
import type { ReleaseJob } from "../../src/release/release.ts";
import type { Renderer, TemplateSpec } from "../../src/template/render.ts";

/**
 * `needs`: a property or link that has no default, or a method of it. `refused`: the template's own `raise`. `failed`: everything else, for which
 * davit is to blame until somebody has looked.
 */
export type Outcome = "rendered" | "needs" | "refused" | "failed";

/** What became of one job. */
export interface Tried {
	/** By source: each template, and the monit file. */
	readonly templates: ReadonlyMap<string, { readonly outcome: Outcome; readonly problem?: Problem }>;
	/** Absent: its monit file did not render. */
	readonly monit?: MonitFileChecks;
}

const needs = new Set(["property-missing", "link-missing", "link-property-missing"]);

/** Renders all of a job's templates, and reads its monit files. */
export async function tryJob(job: ReleaseJob, spec: TemplateSpec, renderer: Renderer): Promise<Tried> {
	const options = { nowMs: Date.UTC(2026, 0, 1), signal: new AbortController().signal };
	const { jobs, problems } = await renderer.render([{ group: spec.name, instance: spec.name, job, spec }], options);
	const sources = ["monit", ...job.templates.map(({ source }) => `templates/${source}`)];
	const templates = sources.map((source) => {
		const problem = problems.find(
			({ severity, place }) => severity === "error" && place?.file === `${job.release}/${job.name}/${source}`,
		);
		return [source, { outcome: problem ? outcomeOf(problem) : "rendered", ...(problem ? { problem } : {}) }] as const;
	});
	const [rendered] = jobs;
	const monitFailed = templates[0]?.[1].problem !== undefined;
	return {
		templates: new Map(templates),
		...(monitFailed || !rendered ? {} : { monit: monitChecksOf(rendered) }),
	};
}

/** The renderer gives a RuntimeError's text as it is, and any other error's with its class. */
function outcomeOf({ code, message }: Problem): Outcome {
	if (needs.has(code) || / for nil \(NoMethodError\)$/.test(message)) return "needs";
	return code === "template-failed" && !/\([A-Z][\w:]*\)$/.test(message) ? "refused" : "failed";
}

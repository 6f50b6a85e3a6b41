import { warning } from "../errors.ts";
import type { Deployment } from "./deployment.ts";
import type { Reference } from "./interpolate.ts";
import type { Node } from "./node.ts";
import type { Report } from "./report.ts";

/**
 * Warns of releases that no job uses, and of variables that would be generated for nothing: BOSH takes both. Beside errors it says nothing,
 * since a misspelt name is both.
 */
export function warnOfUnused(deployment: Deployment, references: readonly Reference[], report: Report): void {
	if (report.problems.some(({ severity }) => severity === "error")) return;
	const jobs = [...deployment.instanceGroups, ...deployment.addons].flatMap((part) => part.jobs);
	const releases = unused("/releases", deployment.releases, new Set(jobs.map(({ release }) => release)), report);
	if (releases) {
		const hint = "what nothing uses is not downloaded; remove it, or correct the job that should use it";
		report.warn("unused-release", releases.path, `no job uses the release ${releases.names}`, hint);
	}
	const variables = unused("/variables", deployment.variables, usedVariables(deployment, references), report);
	if (variables) {
		const hint = "it is generated for nothing; remove it, or correct the place that should use it";
		report.warn("unused-variable", variables.path, `nothing uses the variable ${variables.names}`, hint);
	}
}

/** `cert_days`, `certificate_duration` and their like. */
const DURATION_NAME = /cert.*(days?|duration|validity)|(days?|duration|validity).*cert/i;

/** Warns of a given duration that reaches no certificate: those without one last 365 days, and nobody looks until they have expired. */
export function warnOfDurations({ variables }: Deployment, unused: ReadonlyMap<string, Node>, report: Report): void {
	const short = variables.filter(({ type, options }) => type === "certificate" && options.duration === undefined);
	if (short.length === 0) return;
	for (const [name, node] of unused) {
		if (!DURATION_NAME.test(name) || node.kind !== "scalar" || !(Number(node.value) > 0)) continue;
		const lasting = short.length === 1 ? "a certificate lasts" : `${short.length} certificates last`;
		const message = `"${name}" is given as ${node.value}, and nothing uses it: ${lasting} 365 days`;
		const hint = `give them duration: ((${name})) under options, such as "${short[0]?.name}"`;
		report.problems.push(warning("unused-duration", message, { place: node.place, hint }));
	}
}

/** Names that something refers to: by `((name))`, or as the CA of a certificate. */
export function usedVariables(
	{ variables }: Pick<Deployment, "variables">,
	references: readonly Reference[],
): ReadonlySet<string> {
	const authorities = variables.flatMap(({ options }) => (typeof options.ca === "string" ? options.ca : []));
	return new Set([...references.map(({ name }) => name), ...authorities]);
}

function unused(
	list: string,
	items: readonly { readonly name: string }[],
	used: ReadonlySet<string>,
	report: Report,
): { readonly path: string; readonly names: string } | undefined {
	const left = items.flatMap(({ name }, index) => (used.has(name) ? [] : [{ name, path: `${list}/${index}/name` }]));
	const [first, ...more] = left;
	if (!first) return undefined;
	const others = more.map(({ name, path }) => `"${name}" (line ${report.source.place(path).line})`);
	return { path: first.path, names: [`"${first.name}"`, ...others].join(", ") };
}

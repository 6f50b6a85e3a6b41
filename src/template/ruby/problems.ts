import { type Problem, problem, warning } from "../../errors.ts";
import { nearest } from "../../manifest/nearest.ts";
import type { RenderRequest } from "../render.ts";
import type { Outcome } from "./outcome.ts";

/** One template of one request. `source` is `templates/ctl.erb` or `monit`, in the job's folder of the release. */
export interface Rendering {
	readonly request: RenderRequest;
	readonly source: string;
}

/** What went wrong with one template; `says` and `hint` are the same for every instance that fails alike. */
export interface Finding {
	readonly rendering: Rendering;
	readonly severity: "error" | "warning";
	readonly code: string;
	readonly line?: number;
	readonly says: string;
	readonly hint: string;
}

/** What Ruby's answer means for the user: its error if it has one, and a warning for each draw of randomness. */
export function findings(rendering: Rendering, outcome: Outcome): readonly Finding[] {
	const drawn = outcome.draws.map(
		({ line, what }): Finding => ({
			rendering,
			severity: "warning",
			code: "template-draws-randomness",
			line,
			says: `${what} makes another result each time: every deploy that renders it restarts the job`,
			hint: "give the value as a property, from a generated variable",
		}),
	);
	if (!("error" in outcome)) return drawn;
	const { kind, line } = outcome.error;
	const at = line === null ? {} : { line };
	return [{ rendering, severity: "error", ...at, ...explain[kind](rendering, outcome.error) }, ...drawn];
}

type RubyError = Extract<Outcome, { error: unknown }>["error"];
type Explanation = Pick<Finding, "code" | "says" | "hint">;

const explain: Record<RubyError["kind"], (rendering: Rendering, error: RubyError) => Explanation> = {
	property: ({ request }, { names = [], link }) =>
		link ? missingLinkProperty(request, link, names) : missingProperty(request, names),
	link: ({ request }, error) => missingLink(request, error.names?.[0] ?? ""),
	syntax: (_, { message }) => ({
		code: "template-syntax",
		says: `not valid Ruby: ${message}`,
		hint: "correct the template in its release",
	}),
	raise: (_, { type, message }) => {
		const code = "template-failed";
		if (type !== "RuntimeError") {
			return { code, says: `${message} (${type})`, hint: "correct the template, or a property that it reads there" };
		}
		return {
			code,
			says: message,
			hint: "the template refuses what it was given: correct the properties that it speaks of",
		};
	},
};

function missingProperty({ group, job }: RenderRequest, names: readonly string[]): Explanation {
	const shown = names.map((name) => `"${name}"`).join(" or ");
	const declared = names.find((name) => isDeclared(job.properties.keys(), name));
	if (declared !== undefined) {
		return {
			code: "property-missing",
			says: `property ${shown} has no value: none is given, and ${job.specFile} has no default`,
			hint: `give it in the manifest: instance group "${group}", job "${job.name}", properties: ${declared}`,
		};
	}
	const near = nearest(names[0] ?? "", [...job.properties.keys()]);
	return {
		code: "property-undeclared",
		says: `property ${shown} is not declared in ${job.specFile}, so it never has a value`,
		hint: near
			? `${job.specFile} declares "${near}": correct the template or the spec`
			: `declare it in ${job.specFile}`,
	};
}

/** A template may ask for a whole branch of declared properties, or for a part of a declared one. */
function isDeclared(declared: Iterable<string>, name: string): boolean {
	return [...declared].some((other) => other === name || other.startsWith(`${name}.`) || name.startsWith(`${other}.`));
}

function missingLinkProperty({ spec }: RenderRequest, link: string, names: readonly string[]): Explanation {
	const shown = names.map((name) => `"${name}"`).join(" or ");
	const provider = spec.links[link]?.instance_group;
	const from = provider ? `instance group "${provider}"` : "the manifest";
	return {
		code: "link-property-missing",
		says: `link "${link}", which comes from ${from}, has no property ${shown}, and the template needs it`,
		hint: provider
			? `the providing job must list it under provides in its spec and have a value for it; or the template must give a default`
			: `give it: consumes: {${link}: {properties: {…}}}`,
	};
}

function missingLink({ group, job }: RenderRequest, name: string): Explanation {
	const consumed = job.consumes.find((link) => link.name === name);
	if (!consumed) {
		const near = nearest(
			name,
			job.consumes.map((link) => link.name),
		);
		return {
			code: "link-undeclared",
			says: `link "${name}" is not among what ${job.specFile} consumes`,
			hint: near
				? `it consumes "${near}": correct the template or the spec`
				: `declare it under consumes in ${job.specFile}`,
		};
	}
	return {
		code: "link-missing",
		says: `link "${name}" (type "${consumed.type}"${consumed.optional ? ", optional" : ""}) has no provider, and the template needs it`,
		hint: `name a provider in the manifest: instance group "${group}", job "${job.name}", consumes: {${name}: {from: …}}`,
	};
}

/** One problem for each distinct failure, naming the instances that have it. In the order of the first of each. */
export function toProblems(found: readonly Finding[]): readonly Problem[] {
	const alike = new Map<string, Finding[]>();
	for (const finding of found) {
		const { request, source } = finding.rendering;
		const key = JSON.stringify([
			request.group,
			request.job.release,
			request.job.name,
			source,
			finding.line,
			finding.code,
			finding.says,
		]);
		alike.set(key, [...(alike.get(key) ?? []), finding]);
	}
	return [...alike.values()].map(oneProblem);
}

function oneProblem(same: readonly Finding[]): Problem {
	const [{ rendering, severity, code, line, says, hint }] = same as readonly [Finding, ...Finding[]];
	const { request, source } = rendering;
	const instances = [...new Set(same.map((finding) => finding.rendering.request.instance))];
	const where = instances.length === 1 ? request.instance : `${request.group} (${instances.length} instances)`;
	const file = `${request.job.release}/${request.job.name}/${source}`;
	const place = line === undefined ? { file } : { file, line };
	const make = severity === "error" ? problem : warning;
	return make(code, `${where}: ${says}`, { place, hint });
}

import { type Problem, warning } from "../errors.ts";
import type { ConsumeRef } from "../manifest/deployment.ts";
import { nearest } from "../manifest/nearest.ts";
import type { LinkData } from "../template/render.ts";
import { linkData, manualLinkData } from "./link-data.ts";
import { absent, ambiguous, blocked, elsewhere, type LinkConsumer, notOnNetwork } from "./link-problems.ts";
import { type LinkGroup, type LinkProvider, linkProviders } from "./link-providers.ts";
import type { NameScheme } from "./names.ts";
import type { JobUse } from "./placed.ts";

/** The links of one job by link name, the same on every instance of its group. Optional links that nobody provides are absent. */
export type JobLinks = Readonly<Record<string, LinkData>>;

export interface Links {
	readonly of: (group: string, job: string) => JobLinks;
	readonly providers: readonly LinkProvider[];
	readonly problems: readonly Problem[];
}

/**
 * Resolves the links between the jobs of a deployment as BOSH does: by type where exactly one provider has it, else by the name that `from`
 * gives; `nil` blocks; a manual link replaces resolution. An ambiguity that nobody runs into is no error.
 */
export function resolveLinks(scheme: NameScheme, groups: readonly LinkGroup[]): Links {
	const { providers, problems: unfit } = linkProviders(groups);
	const problems = [...unfit];
	const resolved = new Map<string, JobLinks>();
	for (const { group, jobs } of groups) {
		for (const use of jobs) {
			problems.push(...unknownConsumes(group.name, use));
			const found = use.job.consumes.flatMap((link): [string, LinkData][] => {
				const answer = resolveOne(
					scheme,
					providers,
					{ group: group.name, job: use.ref.name, link },
					use.ref.consumes[link.name],
				);
				if (answer && "severity" in answer) problems.push(answer);
				return !answer || "severity" in answer ? [] : [[link.name, answer]];
			});
			resolved.set(`${group.name}/${use.ref.name}`, Object.fromEntries(found));
		}
	}
	return { of: (group, job) => resolved.get(`${group}/${job}`) ?? {}, providers, problems };
}

/** Undefined: an optional link without a provider. */
function resolveOne(
	scheme: NameScheme,
	providers: readonly LinkProvider[],
	asked: LinkConsumer,
	wish: ConsumeRef | "nil" | undefined,
): LinkData | Problem | undefined {
	if (wish === "nil") return asked.link.optional ? undefined : blocked(asked);
	if (wish?.manual) return manualLinkData(scheme.deployment, wish.manual);
	const consumer = wish ? { ...asked, from: lastPart(wish.from ?? asked.link.name) } : asked;
	if (wish?.deployment !== undefined && wish.deployment !== scheme.deployment)
		return elsewhere(consumer, wish.deployment);
	const fitting = providers.filter(
		({ type, name }) => type === asked.link.type && (consumer.from === undefined || name === consumer.from),
	);
	const [provider, ...more] = fitting;
	if (!provider) return asked.link.optional && !wish ? undefined : absent(consumer, providers);
	if (more.length > 0) return ambiguous(consumer, fitting);
	const network = wish?.network;
	if (network !== undefined && !provider.from.group.networks.some(({ name }) => name === network)) {
		return notOnNetwork(consumer, provider, network);
	}
	return linkData(scheme, provider, wish ?? {});
}

/** Old manifests write `from: DEPLOYMENT.NAME`. */
function lastPart(name: string): string {
	return name.split(".").at(-1) ?? name;
}

function unknownConsumes(group: string, { ref, job }: JobUse): Problem[] {
	const known = job.consumes.map(({ name }) => name);
	const unknown = Object.keys(ref.consumes).filter((name) => !known.includes(name));
	return unknown.map((name) => {
		const near = nearest(name, known);
		const hint = near ? `did you mean "${near}"?` : `it consumes ${known.join(", ") || "no link"}: remove the entry`;
		return warning("link-consume-unknown", `${group}: job "${ref.name}": consumes: "${name}" is no link of this job`, {
			hint,
		});
	});
}

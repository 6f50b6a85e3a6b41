import { type Problem, warning } from "../errors.ts";
import type { ConsumeRef } from "../manifest/deployment.ts";
import { nearest } from "../manifest/nearest.ts";
import { pathOf } from "../manifest/path.ts";
import type { LinkData } from "../template/render.ts";
import { diskLinkData, linkData, manualLinkData } from "./link-data.ts";
import {
	absent,
	ambiguous,
	ambiguousElsewhere,
	blocked,
	type LinkConsumer,
	notOnNetwork,
	notShared,
	unknownElsewhere,
} from "./link-problems.ts";
import { diskLinks, type LinkGroup, type LinkProvider, linkProviders, type OfferedLink } from "./link-providers.ts";
import { type NameScheme, usesNames } from "./names.ts";
import type { JobUse } from "./placed.ts";
import type { LinksElsewhere, SharedLinks } from "./shared-links.ts";

/** The links of one job by link name, the same on every instance of its group. Optional links that nobody provides are absent. */
export type JobLinks = Readonly<Record<string, LinkData>>;

export interface Links {
	readonly of: (group: string, job: string) => JobLinks;
	readonly providers: readonly LinkProvider[];
	/** The links of other deployments that something consumes. */
	readonly elsewhere: readonly SharedLinks[];
	readonly problems: readonly Problem[];
}

/**
 * Resolves the links between the jobs of a deployment as BOSH does: by type where exactly one provider has it, else by the name that `from`
 * gives; `nil` blocks; a manual link replaces resolution. An ambiguity that nobody runs into is no error. Links of another deployment are as
 * its last finished deploy left them.
 */
export function resolveLinks(
	scheme: NameScheme,
	groups: readonly LinkGroup[],
	elsewhere: (deployment: string) => LinksElsewhere = () => "no such deployment",
): Links {
	const { providers, problems: unfit } = linkProviders(groups);
	const problems = [...unfit];
	const resolved = new Map<string, JobLinks>();
	const consumed = new Map<string, { readonly scheme: NameScheme; readonly links: Set<OfferedLink> }>();
	const surroundings: Omit<Surroundings, "disks"> = {
		scheme,
		providers,
		elsewhere,
		onConsumed: (link, from) => {
			const known = consumed.get(from.deployment) ?? { scheme: from, links: new Set() };
			consumed.set(from.deployment, { ...known, links: known.links.add(link) });
		},
	};
	for (const { group, jobs } of groups) {
		const disks = diskLinks(group);
		for (const use of jobs) {
			problems.push(...unknownConsumes(group.name, use));
			const found = use.job.consumes.flatMap((link): [string, LinkData][] => {
				const consumer = { group: group.name, job: use.ref.name, path: use.path, link };
				const answer = resolveOne({ ...surroundings, disks }, consumer, use.ref.consumes[link.name]);
				if (answer && "severity" in answer) problems.push(answer);
				return !answer || "severity" in answer ? [] : [[link.name, answer]];
			});
			resolved.set(`${group.name}/${use.ref.name}`, Object.fromEntries(found));
		}
	}
	return {
		of: (group, job) => resolved.get(`${group}/${job}`) ?? {},
		providers,
		elsewhere: [...consumed.values()].map(({ scheme: from, links }) => ({ scheme: from, links: [...links] })),
		problems,
	};
}

interface Surroundings {
	readonly scheme: NameScheme;
	readonly providers: readonly LinkProvider[];
	/** Of the consumer's group. */
	readonly disks: readonly OfferedLink[];
	readonly elsewhere: (deployment: string) => LinksElsewhere;
	readonly onConsumed: (link: OfferedLink, from: NameScheme) => void;
}

/** Undefined: an optional link without a provider. */
function resolveOne(
	surroundings: Surroundings,
	asked: LinkConsumer,
	wish: ConsumeRef | "nil" | undefined,
): LinkData | Problem | undefined {
	const { scheme, providers, disks } = surroundings;
	if (wish === "nil") return asked.link.optional ? undefined : blocked(asked);
	if (wish?.manual) return manualLinkData(scheme.deployment, wish.manual);
	const consumer = wish ? { ...asked, from: lastPart(wish.from ?? asked.link.name) } : asked;
	if (wish?.deployment !== undefined && wish.deployment !== scheme.deployment)
		return resolveElsewhere(surroundings, consumer, { ...wish, deployment: wish.deployment });
	const offered = [...providers, ...disks];
	const fitting = offered.filter(
		({ type, name }) => type === asked.link.type && (consumer.from === undefined || name === consumer.from),
	);
	const [provider, ...more] = fitting;
	if (!provider) return asked.link.optional && !wish ? undefined : absent(consumer, offered);
	if (more.length > 0) return ambiguous(consumer, fitting);
	const off = offNetwork(consumer, provider, wish);
	if (off) return off;
	return disks.includes(provider) ? diskLinkData(scheme, provider) : linkData(scheme, provider, wish ?? {});
}

/** Whether addresses or names are given is the consuming deployment's choice, as in BOSH. */
function resolveElsewhere(
	{ scheme, elsewhere, onConsumed }: Surroundings,
	consumer: LinkConsumer,
	wish: ConsumeRef & { readonly deployment: string },
): LinkData | Problem {
	const found = elsewhere(wish.deployment);
	if (typeof found === "string") return unknownElsewhere(consumer, wish.deployment, found);
	const name = consumer.from ?? consumer.link.name;
	const fitting = found.links.filter((link) => link.type === consumer.link.type && link.name === name);
	const [link, ...more] = fitting;
	if (!link) return notShared(consumer, wish.deployment, found.links);
	if (more.length > 0) return ambiguousElsewhere(consumer, wish.deployment, fitting);
	const off = offNetwork(consumer, link, wish);
	if (off) return off;
	onConsumed(link, found.scheme);
	return linkData(found.scheme, link, { ...wish, ipAddresses: wish.ipAddresses ?? !usesNames(scheme.features) });
}

function offNetwork(consumer: LinkConsumer, provider: OfferedLink, wish: ConsumeRef | undefined): Problem | undefined {
	const network = wish?.network;
	if (network === undefined || provider.from.group.networks.some(({ name }) => name === network)) return undefined;
	return notOnNetwork(consumer, provider, network);
}

/** Old manifests write `from: DEPLOYMENT.NAME`. */
function lastPart(name: string): string {
	return name.split(".").at(-1) ?? name;
}

function unknownConsumes(group: string, { ref, job, path }: JobUse): Problem[] {
	const known = job.consumes.map(({ name }) => name);
	const unknown = Object.keys(ref.consumes).filter((name) => !known.includes(name));
	return unknown.map((name) => {
		const near = nearest(name, known);
		const hint = near ? `did you mean "${near}"?` : `it consumes ${known.join(", ") || "no link"}: remove the entry`;
		return warning("link-consume-unknown", `${group}: job "${ref.name}": consumes: "${name}" is no link of this job`, {
			place: { path: `${path}${pathOf(["consumes", name])}` },
			hint,
		});
	});
}

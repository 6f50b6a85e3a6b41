import { type Place, type Problem, problem } from "../errors.ts";
import { pathOf } from "../manifest/path.ts";
import type { LinkConsume } from "../release/release.ts";
import type { LinkCandidate, OfferedLink } from "./link-providers.ts";

/** Who wants a link. */
export interface LinkConsumer {
	readonly group: string;
	readonly job: string;
	/** Of the job in the manifest. */
	readonly path: string;
	readonly link: LinkConsume;
	/** `from` of the manifest, or the link's own name where the manifest has an entry; absent: by type alone. */
	readonly from?: string;
}

/** Several providers fit: all of them, and the lines that settle it. */
export function ambiguous(consumer: LinkConsumer, fitting: readonly LinkCandidate[]): Problem {
	const list = fitting.map(shown).join("; ");
	const [first] = fitting;
	const alike = fitting.some((provider) => provider !== first && provider.name === first?.name);
	const name = alike ? "CHOSEN-NAME" : (first?.name ?? "");
	const rename = `give one of them a name of its own, in its group and job: provides: {${first?.originalName ?? name}: {as: ${name}}}; then `;
	return problem("link-ambiguous", `${wanted(consumer)} could come from ${fitting.length} providers: ${list}`, {
		place: placeOf(consumer),
		hint: `${alike ? rename : ""}choose it in instance group "${consumer.group}", job "${consumer.job}": consumes: {${consumer.link.name}: {from: ${name}}}`,
	});
}

/** No provider fits: what there is of that type or that name. */
export function absent(consumer: LinkConsumer, all: readonly LinkCandidate[]): Problem {
	const { link, from } = consumer;
	const sameType = all.filter((provider) => provider.type === link.type);
	const sameName = all.filter((provider) => provider.name === (from ?? link.name) && provider.type !== link.type);
	const named = from === undefined ? "" : ` under the name "${from}"`;
	const others = [...sameType, ...sameName].map(shown).join("; ");
	const message = `${wanted(consumer)} has no provider${named}${others === "" ? "" : `; there is ${others}`}`;
	const [offer] = sameType;
	const hint = offer
		? `take one of that type: consumes: {${link.name}: {from: ${offer.name}}}`
		: link.type === "disk"
			? `give the instance group the disk: persistent_disks: [{name: ${from ?? link.name}, type: …}]`
			: `add a job that provides type "${link.type}", or give the link by hand: ${byHand(consumer)}`;
	return problem("link-unresolved", message, { place: placeOf(consumer), hint });
}

/** A link that the job can't do without is blocked. */
export function blocked(consumer: LinkConsumer): Problem {
	return problem("link-blocked", `${wanted(consumer)} is blocked by "nil", and the job can't do without it`, {
		place: placeOf(consumer),
		hint: `remove consumes: {${consumer.link.name}: nil}; only optional links can be blocked`,
	});
}

/** The consumer asks for the addresses on a network that the provider is not on. */
export function notOnNetwork(consumer: LinkConsumer, provider: OfferedLink, network: string): Problem {
	const networks = provider.from.group.networks.map(({ name }) => name).join(", ");
	return problem(
		"link-network",
		`${wanted(consumer)}: its provider, ${shown(provider)}, is not on network "${network}"`,
		{
			place: placeOf(consumer),
			hint: networks === "" ? "remove network: a disk is on none" : `name one that it is on: ${networks}`,
		},
	);
}

/** The other deployment has left no links. A deploy that failed leaves none: its instances may not be what they are to become. */
export function unknownElsewhere(
	consumer: LinkConsumer,
	deployment: string,
	why: "no such deployment" | "never finished",
): Problem {
	const from = `${wanted(consumer)} is to come from deployment "${deployment}"`;
	if (why === "never finished")
		return problem("link-unfinished-deployment", `${from}, whose first deploy has not finished yet`, {
			place: placeOf(consumer),
			hint: `bring ${deployment} up with davit deploy, then this one`,
		});
	return problem("link-no-deployment", `${from}, which is not recorded here`, {
		place: placeOf(consumer),
		hint: `deploy ${deployment} first, or give the link by hand: ${byHand(consumer)}`,
	});
}

/** The other deployment shares no such link. */
export function notShared(consumer: LinkConsumer, deployment: string, shared: readonly OfferedLink[]): Problem {
	const { link, from = link.name } = consumer;
	const all = shared.map(shown).join("; ");
	const message = `${wanted(consumer)}: deployment "${deployment}" shares no link of that type under the name "${from}"`;
	return problem("link-not-shared", `${message}; it shares ${all === "" ? "none" : all}`, {
		place: placeOf(consumer),
		hint: `in the manifest of ${deployment}, at the job that provides it: provides: {NAME: {as: ${from}, shared: true}}; deploy that, then this one`,
	});
}

/** Several shared links of the other deployment have that name. */
export function ambiguousElsewhere(
	consumer: LinkConsumer,
	deployment: string,
	fitting: readonly OfferedLink[],
): Problem {
	const list = fitting.map(shown).join("; ");
	return problem(
		"link-ambiguous",
		`${wanted(consumer)} could come from ${fitting.length} providers of deployment "${deployment}": ${list}`,
		{
			place: placeOf(consumer),
			hint: `in its manifest, give one of them a name of its own: provides: {NAME: {as: OTHER-NAME, shared: true}}`,
		},
	);
}

/** Where the manifest has something to say of the link, or would have. */
function placeOf({ path, link }: LinkConsumer): Place {
	return { path: `${path}${pathOf(["consumes", link.name])}` };
}

function byHand({ link }: LinkConsumer): string {
	return `consumes: {${link.name}: {instances: [{address: …}], properties: {…}}}`;
}

function wanted({ group, job, link }: LinkConsumer): string {
	return `instance group "${group}", job "${job}": link "${link.name}" (type "${link.type}")`;
}

/** Job and original name are known of this deployment's links only. */
function shown(link: LinkCandidate): string {
	const { from, job, name, originalName = name, type } = link;
	const original = originalName === name ? "" : `, in its spec "${originalName}"`;
	const ofJob = job === undefined ? "" : `, job "${job}"`;
	return `"${name}"${original} (type "${type}") of instance group "${from.group.name}"${ofJob}`;
}

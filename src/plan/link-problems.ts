import { type Problem, problem } from "../errors.ts";
import type { LinkConsume } from "../release/release.ts";
import type { LinkProvider } from "./link-providers.ts";

/** Who wants a link. */
export interface LinkConsumer {
	readonly group: string;
	readonly job: string;
	readonly link: LinkConsume;
	/** `from` of the manifest, or the link's own name where the manifest has an entry; absent: by type alone. */
	readonly from?: string;
}

/** Several providers fit: all of them, and the lines that settle it. */
export function ambiguous(consumer: LinkConsumer, fitting: readonly LinkProvider[]): Problem {
	const list = fitting.map(shown).join("; ");
	const [first] = fitting;
	const alike = fitting.some((provider) => provider !== first && provider.name === first?.name);
	const name = alike ? "CHOSEN-NAME" : (first?.name ?? "");
	const rename = `give one of them a name of its own, in its group and job: provides: {${first?.originalName}: {as: ${name}}}; then `;
	return problem("link-ambiguous", `${wanted(consumer)} could come from ${fitting.length} providers: ${list}`, {
		hint: `${alike ? rename : ""}choose it in instance group "${consumer.group}", job "${consumer.job}": consumes: {${consumer.link.name}: {from: ${name}}}`,
	});
}

/** No provider fits: what there is of that type or that name. */
export function absent(consumer: LinkConsumer, all: readonly LinkProvider[]): Problem {
	const { link, from } = consumer;
	const sameType = all.filter((provider) => provider.type === link.type);
	const sameName = all.filter((provider) => provider.name === (from ?? link.name) && provider.type !== link.type);
	const named = from === undefined ? "" : ` under the name "${from}"`;
	const others = [...sameType, ...sameName].map(shown).join("; ");
	const message = `${wanted(consumer)} has no provider${named}${others === "" ? "" : `; there is ${others}`}`;
	const [offer] = sameType;
	const hint = offer
		? `take one of that type: consumes: {${link.name}: {from: ${offer.name}}}`
		: `add a job that provides type "${link.type}", or give the link by hand: consumes: {${link.name}: {instances: [{address: …}], properties: {…}}}`;
	return problem("link-unresolved", message, { hint });
}

/** A link that the job can't do without is blocked. */
export function blocked(consumer: LinkConsumer): Problem {
	return problem("link-blocked", `${wanted(consumer)} is blocked by "nil", and the job can't do without it`, {
		hint: `remove consumes: {${consumer.link.name}: nil}; only optional links can be blocked`,
	});
}

/** The consumer asks for the addresses on a network that the provider is not on. */
export function notOnNetwork(consumer: LinkConsumer, provider: LinkProvider, network: string): Problem {
	const networks = provider.from.group.networks.map(({ name }) => name).join(", ");
	return problem(
		"link-network",
		`${wanted(consumer)}: its provider, ${shown(provider)}, is not on network "${network}"`,
		{
			hint: `it is on: ${networks}`,
		},
	);
}

/** The provider is in another deployment. */
export function elsewhere(consumer: LinkConsumer, deployment: string): Problem {
	return problem(
		"link-across-deployments",
		`${wanted(consumer)} is to come from deployment "${deployment}": davit can't resolve that yet`,
		{
			hint: `give it by hand: consumes: {${consumer.link.name}: {instances: [{address: …}], properties: {…}}}`,
		},
	);
}

function wanted({ group, job, link }: LinkConsumer): string {
	return `instance group "${group}", job "${job}": link "${link.name}" (type "${link.type}")`;
}

function shown({ from, job, name, originalName, type }: LinkProvider): string {
	const original = originalName === name ? "" : `, in its spec "${originalName}"`;
	return `"${name}"${original} (type "${type}") of instance group "${from.group.name}", job "${job}"`;
}

import { digestOf } from "../digest.ts";
import type { Features } from "../manifest/deployment.ts";
import type { LinkQuery } from "../template/render.ts";
import type { PlacedInstance } from "./placed.ts";

/** Every name ends in it, as on a director that was not told otherwise. */
export const rootDomain = "bosh";

/** What names are made from, besides the instance. */
export interface NameScheme {
	readonly deployment: string;
	readonly features: Features;
	/** All AZs of the cloud. */
	readonly azs: readonly string[];
}

/** Whose name it is: an instance group's, or (with `use_link_dns_names`) that of one link that it provides. */
export interface NameOwner {
	readonly group: string;
	/** `NAME-TYPE` of the provider. */
	readonly link?: string;
}

/** A name as one label of a DNS name, as BOSH writes it. */
export function canonicalName(name: string): string {
	return name
		.toLowerCase()
		.replaceAll("_", "-")
		.replace(/[^a-z0-9-]/g, "");
}

/**
 * The number that stands for a name in BOSH's encoded names. A director counts in its database; here it comes from the name alone, so that no
 * store has to remember it and no other name's coming or going changes it. AZs and networks get 24 bits: five AZs fit one label.
 */
export function nameNumber(kind: "az" | "network" | "group" | "link" | "instance", name: string): number {
	const hexDigits = kind === "az" || kind === "network" ? 6 : 8;
	return Number.parseInt(digestOf([kind, name]).slice(0, hexDigits), 16);
}

/** The group's number, as in `q-g7` and in records.json. */
export function ownerNumber(scheme: NameScheme, owner: NameOwner): number {
	const name = `${scheme.deployment}/${owner.link ?? owner.group}`;
	return nameNumber(owner.link === undefined ? "group" : "link", name);
}

/** `UUID.GROUP.NETWORK.DEPLOYMENT.bosh`: one instance on one network. */
export function instanceRecordName(scheme: NameScheme, instance: PlacedInstance, network: string): string {
	return `${instance.id}.${longSuffix(scheme, instance.group, network)}`;
}

/** The name that stands for one instance where a name is asked for: long, or short under `use_short_dns_addresses`. */
export function instanceName(scheme: NameScheme, owner: NameOwner, instance: PlacedInstance, network: string): string {
	if (!usesShortNames(scheme.features)) return instanceRecordName(scheme, instance, network);
	const query = linkQuery(scheme, owner, network);
	return queryName({ ...query, tokens: [...query.tokens, `m${nameNumber("instance", instance.id)}`] });
}

/** How names for several instances of an owner on one network are made. */
export function linkQuery(scheme: NameScheme, owner: NameOwner, network: string): LinkQuery {
	const azs = Object.fromEntries(scheme.azs.map((az) => [az, nameNumber("az", az)]));
	if (!usesShortNames(scheme.features)) return { tokens: [], azs, suffix: longSuffix(scheme, owner.group, network) };
	return {
		tokens: [`n${nameNumber("network", network)}`],
		azs,
		suffix: `q-g${ownerNumber(scheme, owner)}.${rootDomain}`,
	};
}

/** Health as bosh-dns filters by it. */
const health = { smart: "s0", unhealthy: "s1", healthy: "s3", all: "s4" };

/** The name of the instances that the criteria leave. AZs must be in the query. */
export function queryName(
	query: LinkQuery,
	criteria: { azs?: readonly string[]; health?: keyof typeof health } = {},
): string {
	const azs = (criteria.azs ?? []).map((az) => `a${query.azs[az]}`);
	const tokens = [...azs, ...query.tokens, health[criteria.health ?? "smart"]];
	return `q-${tokens.sort().join("")}.${query.suffix}`;
}

/** The owner under which a provider's names are made. */
export function nameOwner(features: Features, group: string, provider: { name: string; type: string }): NameOwner {
	return features.useLinkDnsNames ? { group, link: `${provider.name}-${provider.type}` } : { group };
}

/** True if links and `spec.address` carry names where nothing else is said. */
export function usesNames(features: Features): boolean {
	return features.useDnsAddresses || features.useLinkDnsNames;
}

function usesShortNames(features: Features): boolean {
	return features.useShortDnsAddresses || features.useLinkDnsNames;
}

function longSuffix(scheme: NameScheme, group: string, network: string): string {
	return [...[group, network, scheme.deployment].map(canonicalName), rootDomain].join(".");
}

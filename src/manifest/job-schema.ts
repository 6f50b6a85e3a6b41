import { z } from "zod";
import type { ConsumeRef, JobRef, ProvideRef } from "./deployment.ts";
import { health } from "./health-schema.ts";
import { anyValue, compact, flag, names, optional, section, text, valueMap } from "./section.ts";

/** Plain `nil` is a text in YAML, and BOSH's word for blocking a link; a real null is refused there as well. */
const nil = z.literal("nil");

const consume = section({
	from: optional(text).describe("The name of the providing link, as renamed by its as."),
	deployment: optional(text).describe(
		"The deployment that shares the link, as its last finished deploy left it (default: this one).",
	),
	network: optional(text).describe("The network whose addresses are given."),
	ip_addresses: optional(flag).describe("true: addresses even where names are the rule."),
	instances: optional(anyValue).describe("A link by hand: its instances."),
	properties: optional(valueMap).describe("A link by hand: its properties."),
	address: optional(text).describe("A link by hand: its address."),
}).transform(({ from, deployment, network, ip_addresses, instances, properties, address }): ConsumeRef => {
	const manual = compact({ instances, properties, address });
	return {
		...compact({ from, deployment, network, ipAddresses: ip_addresses }),
		...(Object.keys(manual).length > 0 ? { manual } : {}),
	};
});

const alias = section({
	domain: text.describe("The name that bosh-dns answers for; a placeholder is its first label, _."),
	placeholder_type: optional(z.enum(["uuid", "index", "az", "network"])).describe("What the placeholder stands for."),
	health_filter: optional(z.enum(["smart", "healthy", "unhealthy", "all"])).describe(
		"Which instances answer; smart (default): healthy ones, or all if there are none.",
	),
	initial_health_check: optional(z.enum(["asynchronous", "synchronous"])).describe(
		"Whether the first question waits for a health check.",
	),
}).transform((given) => ({
	domain: given.domain,
	...compact({
		placeholderType: given.placeholder_type,
		healthFilter: given.health_filter,
		initialHealthCheck: given.initial_health_check,
	}),
}));

const provide = section({
	as: optional(text).describe("The name under which consumers find the link."),
	shared: optional(flag).describe("true: other deployments may consume it."),
	aliases: optional(z.array(alias)).describe("DNS names of the link's instances."),
}).transform((given): ProvideRef => compact(given));

/** A job of an instance group or addon. */
export const job = section({
	name: text.describe("A job of the release."),
	release: text.describe("A release listed under releases."),
	properties: optional(valueMap).describe(
		"Values for the properties that the job's spec declares; they replace the group's.",
	),
	consumes: optional(z.record(z.string(), linkOf(consume))).describe(
		"By link name: where it comes from; nil blocks an optional link.",
	),
	provides: optional(z.record(z.string(), linkOf(provide))).describe("By link name: how others find it; nil hides it."),
	undo: optional(z.literal("never")).describe(
		"davit's own. never: its pre-start may change data for good, so once that has begun a deploy that fails is not undone (davit deploy --on-failure undo).",
	),
	health,
	custom_provider_definitions: optional(
		z.array(
			section({
				name: text.describe("The link's name."),
				type: text.describe("The link's type, which consumers match."),
				properties: optional(names).describe("Names of the job's properties that it shows."),
			}).transform(withProperties),
		),
	).describe("Links that the job offers besides those of its spec."),
}).transform(
	(given): JobRef => ({
		name: given.name,
		release: given.release,
		...compact({ properties: given.properties, undo: given.undo, health: given.health }),
		consumes: given.consumes ?? {},
		provides: given.provides ?? {},
		customProviderDefinitions: given.custom_provider_definitions ?? [],
	}),
);

function linkOf<Link extends z.ZodType>(link: Link) {
	return z.union([nil, link], "a map, or the word nil, which blocks the link");
}

function withProperties(given: { name: string; type: string; properties?: string[] | undefined }) {
	return { name: given.name, type: given.type, properties: given.properties ?? [] };
}

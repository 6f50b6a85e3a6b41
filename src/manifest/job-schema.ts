import { z } from "zod";
import type { ConsumeRef, JobRef, ProvideRef } from "./deployment.ts";
import { anyValue, compact, flag, names, optional, section, text, valueMap } from "./section.ts";

/** Plain `nil` is a text in YAML, and BOSH's word for blocking a link; a real null is refused there as well. */
const nil = z.literal("nil");

const consume = section({
	from: optional(text),
	deployment: optional(text),
	network: optional(text),
	ip_addresses: optional(flag),
	instances: optional(anyValue),
	properties: optional(valueMap),
	address: optional(text),
}).transform(({ from, deployment, network, ip_addresses, instances, properties, address }): ConsumeRef => {
	const manual = compact({ instances, properties, address });
	return {
		...compact({ from, deployment, network, ipAddresses: ip_addresses }),
		...(Object.keys(manual).length > 0 ? { manual } : {}),
	};
});

const alias = section({
	domain: text,
	placeholder_type: optional(z.enum(["uuid", "index", "az", "network"])),
	health_filter: optional(z.enum(["smart", "healthy", "unhealthy", "all"])),
	initial_health_check: optional(z.enum(["asynchronous", "synchronous"])),
}).transform((given) => ({
	domain: given.domain,
	...compact({
		placeholderType: given.placeholder_type,
		healthFilter: given.health_filter,
		initialHealthCheck: given.initial_health_check,
	}),
}));

const provide = section({ as: optional(text), shared: optional(flag), aliases: optional(z.array(alias)) }).transform(
	(given): ProvideRef => compact(given),
);

/** A job of an instance group or addon. */
export const job = section({
	name: text,
	release: text,
	properties: optional(valueMap),
	consumes: optional(z.record(z.string(), linkOf(consume))),
	provides: optional(z.record(z.string(), linkOf(provide))),
	custom_provider_definitions: optional(
		z.array(section({ name: text, type: text, properties: optional(names) }).transform(withProperties)),
	),
}).transform(
	(given): JobRef => ({
		name: given.name,
		release: given.release,
		...compact({ properties: given.properties }),
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

import type { ValueMap } from "../manifest/deployment.ts";
import type { LinkData, TemplateSpec } from "../template/render.ts";
import { canonicalName, instanceName, type NameScheme, rootDomain, usesNames } from "./names.ts";
import type { PlacedInstance, PlacedNetwork } from "./placed.ts";

/** What one job on one instance is told, besides the instance's place. */
export interface SpecInput {
	/** As `jobProperties` gives them. */
	readonly properties: ValueMap;
	readonly links: Readonly<Record<string, LinkData>>;
	readonly release: { readonly name: string; readonly version: string };
	/** MiB; 0 without one. */
	readonly persistentDiskMib: number;
}

/** `spec` of a template, as BOSH's director passes it (bosh-director's instance_spec). */
export function templateSpec(scheme: NameScheme, instance: PlacedInstance, input: SpecInput): TemplateSpec {
	const networks = Object.entries(instance.networks).map(
		([name, network]) => [name, networkSpec(scheme, instance, name, network)] as const,
	);
	return {
		deployment: scheme.deployment,
		job: { name: instance.group },
		index: instance.index,
		bootstrap: instance.bootstrap,
		name: instance.group,
		id: instance.id,
		az: instance.az,
		ip: instance.addressableIp ?? placeholder,
		address: ownAddress(scheme, instance),
		dns_domain_name: rootDomain,
		persistent_disk: input.persistentDiskMib,
		networks: Object.fromEntries(networks),
		release: input.release,
		properties: input.properties,
		links: input.links,
	};
}

/** What stands for an address that the cloud has yet to choose: BOSH renders before it knows them, and templates expect an address. */
const placeholder = "127.0.0.1";

/** A name on a dynamic network, or where the deployment asks for names; else the address. */
function ownAddress(scheme: NameScheme, instance: PlacedInstance): string {
	const network = instance.networks[instance.defaultNetwork];
	if (network?.type !== "dynamic" && !usesNames(scheme.features)) return instance.addressableIp ?? placeholder;
	return instanceName(scheme, { group: instance.group }, instance, instance.defaultNetwork);
}

function networkSpec(
	scheme: NameScheme,
	instance: PlacedInstance,
	name: string,
	network: PlacedNetwork,
): Readonly<Record<string, unknown>> {
	const unknown = network.type === "dynamic" ? placeholder : undefined;
	const labels = [instance.group, name, scheme.deployment].map(canonicalName);
	return withoutUndefined({
		type: network.type,
		ip: network.ip ?? unknown,
		prefix: network.prefix === undefined ? undefined : String(network.prefix),
		netmask: network.netmask ?? unknown,
		cloud_properties: network.cloudProperties ?? {},
		default: network.default.length > 0 ? [...network.default].sort() : undefined,
		dns: network.dns,
		gateway: network.gateway ?? unknown,
		dns_record_name: [instance.index, ...labels, rootDomain].join("."),
	});
}

function withoutUndefined(map: Record<string, unknown>): Record<string, unknown> {
	return Object.fromEntries(Object.entries(map).filter(([, value]) => value !== undefined));
}

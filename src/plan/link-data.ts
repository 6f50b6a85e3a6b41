import type { ConsumeRef, GroupNetwork, Value, ValueMap } from "../manifest/deployment.ts";
import type { LinkData } from "../template/render.ts";
import type { OfferedLink } from "./link-providers.ts";
import {
	instanceName,
	linkQuery,
	type NameOwner,
	type NameScheme,
	nameOwner,
	queryName,
	rootDomain,
	usesNames,
} from "./names.ts";
import type { PlacedInstance } from "./placed.ts";

/** A resolved link as its consumer sees it; the consumer may choose the network, and addresses or names. */
export function linkData(scheme: NameScheme, provider: OfferedLink, wish: ConsumeRef): LinkData {
	const { group, instances } = provider.from;
	const owner = nameOwner(scheme.features, group.name, provider);
	const network = wish.network ?? addressableNetwork(group);
	const names = wish.ipAddresses === undefined ? usesNames(scheme.features) : !wish.ipAddresses;
	const query = linkQuery(scheme, owner, network);
	return {
		deployment_name: scheme.deployment,
		instance_group: group.name,
		default_network: network,
		domain: rootDomain,
		address: queryName(query),
		query,
		properties: provider.properties,
		instances: instances.map((instance) => ({
			name: group.name,
			id: instance.id,
			index: instance.index,
			az: instance.az,
			address: linkAddress(scheme, owner, instance, { network, names }),
			bootstrap: instance.bootstrap,
		})),
	};
}

/** The network whose address stands for an instance of the group. Known without an instance: an errand's group has none until it runs. */
export function addressableNetwork({
	networks,
}: {
	readonly networks: readonly Pick<GroupNetwork, "name" | "default">[];
}): string {
	const having = (what: "addressable" | "gateway") => networks.find((network) => network.default.includes(what));
	return (having("addressable") ?? having("gateway") ?? networks[0])?.name ?? "";
}

/** On a dynamic network always the name: the address may change with the VM. */
function linkAddress(
	scheme: NameScheme,
	owner: NameOwner,
	instance: PlacedInstance,
	{ network, names }: { network: string; names: boolean },
): string {
	const { type, ip } = instance.networks[network] ?? {};
	return names || type === "dynamic" || ip === undefined ? instanceName(scheme, owner, instance, network) : ip;
}

/** A disk has no instances and no address, only its name. */
export function diskLinkData({ deployment }: NameScheme, { from, properties }: OfferedLink): LinkData {
	return { ...manualLinkData(deployment, { properties }), instance_group: from.group.name };
}

/** A link that the manifest gives by hand. Its one address stands for all of it. */
export function manualLinkData(deployment: string, manual: NonNullable<ConsumeRef["manual"]>): LinkData {
	const instances = Array.isArray(manual.instances) ? (manual.instances as readonly Value[]) : [];
	return {
		deployment_name: deployment,
		instance_group: "",
		default_network: "",
		domain: rootDomain,
		address: manual.address ?? "",
		properties: manual.properties ?? {},
		instances: instances.map((instance, index) => manualInstance(instance as ValueMap, index)),
	};
}

function manualInstance(given: ValueMap, position: number): LinkData["instances"][number] {
	const text = (key: string) => (given[key] === undefined || given[key] === null ? "" : String(given[key]));
	return {
		name: text("name"),
		id: text("id"),
		index: typeof given.index === "number" ? given.index : position,
		az: text("az"),
		address: text("address"),
		bootstrap: given.bootstrap === undefined ? position === 0 : given.bootstrap === true,
		...(given.properties === undefined ? {} : { properties: given.properties as ValueMap }),
	};
}

import type { Problem } from "../errors.ts";
import type { Cloud, Network } from "../manifest/cloud.ts";
import type { Deployment, InstanceGroup } from "../manifest/deployment.ts";
import { formatIp, parseCidr } from "../manifest/ip.ts";
import type { InstanceRecord } from "../state/state.ts";
import { pathOfGroup } from "./manifest-path.ts";
import { placeInAzs, type Slot } from "./place-azs.ts";
import { type Addresses, addressPool, placeIps, subnetOf } from "./place-ips.ts";
import type { PlacedInstance, PlacedNetwork } from "./placed.ts";

export interface PlacedGroup {
	readonly group: InstanceGroup;
	readonly instances: readonly { readonly placed: PlacedInstance; readonly record?: InstanceRecord }[];
}

export interface Placement {
	readonly groups: readonly PlacedGroup[];
	readonly obsolete: readonly InstanceRecord[];
	readonly problems: readonly Problem[];
}

export interface PlaceOptions {
	/** Addresses that other deployments hold. */
	readonly usedElsewhere: ReadonlySet<string>;
	readonly newId: () => string;
	/** Groups to place; a deploy places service groups, an errand's run its own as well. */
	readonly include: (group: InstanceGroup) => boolean;
}

/** Gives every instance of the wanted groups its AZ, index, id and addresses; instances keep what they have. */
export function placeInstances(
	deployment: Deployment,
	cloud: Cloud,
	recorded: readonly InstanceRecord[],
	options: PlaceOptions,
): Placement {
	const groups = deployment.instanceGroups.filter(options.include);
	const left = new Set(recorded);
	const slotted = groups.map((group) => {
		const names = [group.name, ...group.migratedFrom.map(({ name }) => name)];
		const own = recorded.filter((record) => names.includes(record.group));
		for (const record of own) left.delete(record);
		return { group, ...placeInAzs(group, own) };
	});
	const used = new Set(options.usedElsewhere);
	for (const { slots } of slotted)
		for (const { record } of slots) for (const ip of Object.values(record?.ips ?? {})) used.add(ip);
	for (const group of groups) for (const network of group.networks) for (const ip of network.staticIps) used.add(ip);
	const pool = addressPool(used);
	const problems: Problem[] = [];
	const placed = slotted.map(({ group, slots }): PlacedGroup => {
		const ips = placeIps(group, slots, cloud, { pool, path: pathOfGroup(deployment, group) });
		problems.push(...ips.problems);
		const bootstrap = bootstrapIndex(slots);
		return {
			group,
			instances: slots.map((slot, position) => ({
				placed: placedInstance(group, slot, ips.addresses[position] ?? {}, cloud, {
					bootstrap: slot.index === bootstrap,
					id: slot.record?.id ?? options.newId(),
				}),
				...(slot.record ? { record: slot.record } : {}),
			})),
		};
	});
	return { groups: placed, obsolete: [...slotted.flatMap(({ obsolete }) => obsolete), ...left], problems };
}

/** The one that was it stays it, else the lowest index. */
function bootstrapIndex(slots: readonly Slot[]): number | undefined {
	return (slots.find(({ record }) => record?.bootstrap) ?? slots[0])?.index;
}

function placedInstance(
	group: InstanceGroup,
	slot: Slot,
	ips: Addresses,
	cloud: Cloud,
	own: { bootstrap: boolean; id: string },
): PlacedInstance {
	const networks = group.networks.flatMap(({ name, default: defaults }) => {
		const network = cloud.networks.find((candidate) => candidate.name === name);
		const all = group.networks.length === 1 ? (["dns", "gateway"] as const) : defaults;
		return network ? [[name, placedNetwork(network, ips[name], slot.az, all)] as const] : [];
	});
	const addressable =
		networks.find(([, network]) => network.default.includes("addressable")) ??
		networks.find(([, network]) => network.default.includes("gateway")) ??
		networks[0];
	const ip = addressable?.[1].ip;
	return {
		id: own.id,
		group: group.name,
		index: slot.index,
		az: slot.az,
		bootstrap: own.bootstrap,
		networks: Object.fromEntries(networks),
		defaultNetwork: addressable?.[0] ?? "",
		...(ip === undefined ? {} : { addressableIp: ip }),
	};
}

function placedNetwork(
	network: Network,
	ip: string | undefined,
	az: string,
	defaults: PlacedNetwork["default"],
): PlacedNetwork {
	const address = ip === undefined ? {} : { ip };
	if (network.type !== "manual") {
		const subnet = network.subnets.find(({ azs }) => azs.length === 0 || azs.includes(az));
		const dns = subnet && "dns" in subnet ? subnet.dns : [];
		return { type: network.type, ...address, dns, default: defaults, cloudProperties: subnet?.cloudProperties ?? {} };
	}
	const subnet = ip === undefined ? undefined : subnetOf(network, ip);
	const cidr = subnet && parseCidr(subnet.range);
	if (!subnet || !cidr) return { type: "manual", ...address, dns: [], default: defaults };
	return {
		type: "manual",
		...address,
		prefix: cidr.prefix,
		netmask: netmaskOf(cidr.first.bits, cidr.prefix),
		gateway: subnet.gateway,
		dns: subnet.dns,
		default: defaults,
		cloudProperties: subnet.cloudProperties,
	};
}

function netmaskOf(bits: 32 | 128, prefix: number): string {
	const all = (1n << BigInt(bits)) - 1n;
	return formatIp({ bits, value: all - ((1n << BigInt(bits - prefix)) - 1n) });
}

import type { Problem } from "../errors.ts";
import type { Cloud, Network } from "../manifest/cloud.ts";
import type { Deployment, InstanceGroup } from "../manifest/deployment.ts";
import { formatIp, parseCidr } from "../manifest/ip.ts";
import type { InstanceRecord } from "../state/state.ts";
import { pathOfGroup } from "./manifest-path.ts";
import { placeInAzs, type Slot } from "./place-azs.ts";
import { type Addresses, addressPool, otherAddresses, placeIps, subnetOf } from "./place-ips.ts";
import type { PlacedInstance, PlacedNetwork } from "./placed.ts";

export interface PlacedGroup {
	readonly group: InstanceGroup;
	readonly instances: readonly { readonly placed: PlacedInstance; readonly record?: InstanceRecord }[];
}

export interface Placement {
	readonly groups: readonly PlacedGroup[];
	readonly obsolete: readonly InstanceRecord[];
	readonly problems: readonly Problem[];
	/** Instances that were to get other addresses, and the network that has none left: they keep theirs. */
	readonly withoutRoom: ReadonlyMap<string, string>;
}

export interface PlaceOptions {
	/** Addresses that other deployments hold. */
	readonly usedElsewhere: ReadonlySet<string>;
	readonly newId: () => string;
	/** Groups to place; a deploy places service groups, an errand's run its own as well. */
	readonly include: (group: InstanceGroup) => boolean;
	/** Ids of instances that get other addresses, since their next VM is made while the old one runs. */
	readonly swapped?: ReadonlySet<string>;
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
		for (const { record } of slots) for (const ip of record ? heldAddresses(record) : []) used.add(ip);
	for (const group of groups) for (const network of group.networks) for (const ip of network.staticIps) used.add(ip);
	const pool = addressPool(used);
	const problems: Problem[] = [];
	const withIps = slotted.map(({ group, slots }) => {
		const ips = placeIps(group, slots, cloud, { pool, path: pathOfGroup(deployment, group) });
		problems.push(...ips.problems);
		return { group, slots, addresses: [...ips.addresses] };
	});
	const withoutRoom = new Map<string, string>();
	for (const { group, slots, addresses } of withIps)
		for (const [position, slot] of slots.entries()) {
			if (!slot.record || !options.swapped?.has(slot.record.id)) continue;
			const others = otherAddresses(group, slot, cloud, pool);
			if (typeof others === "string") withoutRoom.set(slot.record.id, others);
			else addresses[position] = others;
		}
	const placed = withIps.map(({ group, slots, addresses }): PlacedGroup => {
		const bootstrap = bootstrapIndex(slots);
		return {
			group,
			instances: slots.map((slot, position) => ({
				placed: placedInstance(group, slot, addresses[position] ?? {}, cloud, {
					bootstrap: slot.index === bootstrap,
					id: slot.record?.id ?? options.newId(),
				}),
				...(slot.record ? { record: slot.record } : {}),
			})),
		};
	});
	const obsolete = [...slotted.flatMap((each) => each.obsolete), ...left];
	return { groups: placed, obsolete, problems, withoutRoom };
}

/** Its own, and those of VMs that are there beside its own. */
export function heldAddresses({ ips, nextVm, formerVm }: InstanceRecord): readonly string[] {
	return [ips, nextVm?.ips ?? {}, formerVm?.ips ?? {}].flatMap((each) => Object.values(each));
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

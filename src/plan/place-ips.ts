import { type Problem, problem } from "../errors.ts";
import type { Cloud, IpRange, Network, Subnet, VipSubnet } from "../manifest/cloud.ts";
import type { GroupNetwork, InstanceGroup } from "../manifest/deployment.ts";
import { formatIp, inRange, parseCidr, parseIp } from "../manifest/ip.ts";
import type { Slot } from "./place-azs.ts";

/** Addresses of one instance by network name. */
export type Addresses = Readonly<Record<string, string>>;

/** Gives out a subnet's free addresses, the lowest first; it remembers where it is, so that many groups take time in proportion. */
export interface AddressPool {
	readonly next: (subnet: Subnet | VipSubnet) => string | undefined;
}

/** A pool that gives out nothing of `used`, and adds what it gives to it. */
export function addressPool(used: Set<string>): AddressPool {
	const free = new Map<Subnet | VipSubnet, Generator<string, undefined>>();
	return {
		next: (subnet) => {
			const addresses =
				free.get(subnet) ?? ("range" in subnet ? freeAddresses(subnet, used) : pooledAddresses(subnet, used));
			free.set(subnet, addresses);
			const ip = addresses.next().value;
			if (ip !== undefined) used.add(ip);
			return ip;
		},
	};
}

/**
 * Gives each slot of a group its addresses. An instance keeps what it has where that is still allowed; a static address belongs to
 * the first slot that can take it; others get the lowest free address of a subnet that serves their AZ: none reserved, none static,
 * not the gateway, none in use. Of a vip network's subnets that are the addresses listed there. `path` is the group's in the manifest.
 */
export function placeIps(
	group: InstanceGroup,
	slots: readonly Slot[],
	cloud: Cloud,
	{ pool, path }: { readonly pool: AddressPool; readonly path: string },
): { readonly addresses: readonly Addresses[]; readonly problems: readonly Problem[] } {
	const given: Record<string, string>[] = slots.map(() => ({}));
	const problems: Problem[] = [];
	for (const [index, wanted] of group.networks.entries()) {
		const network = cloud.networks.find((candidate) => candidate.name === wanted.name);
		if (!network) continue;
		const taken =
			wanted.staticIps.length > 0 ? takeStatic(wanted, network, slots) : takeFree(wanted, network, slots, pool);
		taken.forEach((ip, position) => {
			const slot = slots[position];
			if (ip !== undefined) (given[position] as Record<string, string>)[wanted.name] = ip;
			else if (network.type !== "dynamic" && slot)
				problems.push(noAddress(group, wanted, slot, `${path}/networks/${index}`));
		});
	}
	return { addresses: given, problems };
}

function takeStatic(wanted: GroupNetwork, network: Network, slots: readonly Slot[]): (string | undefined)[] {
	const free = new Set(wanted.staticIps);
	const kept = slots.map(({ record }) => {
		const ip = record?.ips[wanted.name];
		return ip !== undefined && free.delete(ip) ? ip : undefined;
	});
	return slots.map((slot, position) => {
		const ip = kept[position] ?? [...free].find((candidate) => servesAz(network, candidate, slot.az));
		if (ip !== undefined) free.delete(ip);
		return ip;
	});
}

function takeFree(
	wanted: GroupNetwork,
	network: Network,
	slots: readonly Slot[],
	pool: AddressPool,
): (string | undefined)[] {
	const all: readonly (Subnet | VipSubnet)[] = network.type === "dynamic" ? [] : network.subnets;
	return slots.map(({ az, record }) => {
		const former = record?.ips[wanted.name];
		if (all.length === 0) return former;
		const subnets = all.filter(({ azs }) => azs.length === 0 || azs.includes(az));
		if (former !== undefined && subnets.some((subnet) => allocatable(subnet, former))) return former;
		return firstFree(subnets, pool);
	});
}

/**
 * Addresses beside those that an instance has, one of each network: those of the VM that a former run made for the same, else free ones. Or
 * the name of the network that has none left. Networks are manual.
 */
export function otherAddresses(
	group: InstanceGroup,
	{ az, record }: Slot,
	cloud: Cloud,
	pool: AddressPool,
): Addresses | string {
	const given: Record<string, string> = {};
	for (const { name } of group.networks) {
		const network = cloud.networks.find((candidate) => candidate.name === name);
		const all = network?.type === "manual" ? network.subnets : [];
		const subnets = all.filter(({ azs }) => azs.length === 0 || azs.includes(az));
		const made = record?.nextVm?.ips[name];
		const ip =
			made !== undefined && subnets.some((subnet) => allocatable(subnet, made)) ? made : firstFree(subnets, pool);
		if (ip === undefined) return name;
		given[name] = ip;
	}
	return given;
}

function firstFree(subnets: readonly (Subnet | VipSubnet)[], pool: AddressPool): string | undefined {
	for (const subnet of subnets) {
		const ip = pool.next(subnet);
		if (ip !== undefined) return ip;
	}
	return undefined;
}

/** From the lowest on; asked again it goes on from there, since `used` only grows. */
function* freeAddresses(subnet: Subnet, used: ReadonlySet<string>): Generator<string, undefined> {
	const cidr = parseCidr(subnet.range);
	if (!cidr) return;
	const blocked = [...subnet.reserved, ...subnet.static];
	for (let value = cidr.first.value + 1n; value < cidr.last.value; value += 1n) {
		const ip = formatIp({ bits: cidr.first.bits, value });
		if (used.has(ip) || ip === subnet.gateway) continue;
		const range = blocked.find((candidate) => inRange(ip, candidate));
		if (range) value = parseIp(range.to)?.value ?? value;
		else yield ip;
	}
}

/** Those that a vip network lists. */
function* pooledAddresses({ static: listed }: VipSubnet, used: ReadonlySet<string>): Generator<string, undefined> {
	for (const { from, to } of listed) {
		const [first, last] = [parseIp(from), parseIp(to)];
		if (!first || !last) continue;
		for (let { value } = first; value <= last.value; value += 1n) {
			const ip = formatIp({ bits: first.bits, value });
			if (!used.has(ip)) yield ip;
		}
	}
}

function allocatable(subnet: Subnet | VipSubnet, ip: string): boolean {
	if (!("range" in subnet)) return subnet.static.some((range) => inRange(ip, range));
	return (
		within(subnet, ip) &&
		ip !== subnet.gateway &&
		![...subnet.reserved, ...subnet.static].some((range) => inRange(ip, range))
	);
}

function within(subnet: Subnet, ip: string): boolean {
	const cidr = parseCidr(subnet.range);
	if (!cidr) return false;
	const range: IpRange = { from: formatIp(cidr.first), to: formatIp(cidr.last) };
	return inRange(ip, range);
}

function servesAz(network: Network, ip: string, az: string): boolean {
	if (network.type !== "manual") return true;
	return network.subnets.some((subnet) => within(subnet, ip) && (subnet.azs.length === 0 || subnet.azs.includes(az)));
}

/** The subnet of a manual network that holds the address. */
export function subnetOf(network: Network, ip: string): Subnet | undefined {
	return network.type === "manual" ? network.subnets.find((subnet) => within(subnet, ip)) : undefined;
}

function noAddress(group: InstanceGroup, wanted: GroupNetwork, slot: Slot, path: string): Problem {
	const where = slot.az === "" ? "" : ` in AZ "${slot.az}"`;
	const kind = wanted.staticIps.length > 0 ? "static address" : "free address";
	return problem("no-address", `${group.name}/${slot.index}: network "${wanted.name}" has no ${kind} left${where}`, {
		place: { path },
		hint:
			wanted.staticIps.length > 0
				? "give one address for each instance, in a subnet that serves its AZ"
				: "widen the subnet's range, or free part of its reserved and static ranges",
	});
}

import { isIP } from "node:net";
import type { VmNetwork, VmRequest } from "../../src/cpi/cpi.ts";
import { readNetworkProperties } from "./cloud-properties.ts";
import { libvirtError } from "./errors.ts";
import { macOf, nameOf } from "./names.ts";

/** One interface of a VM that will be made. `ip` is absent where DHCP chooses. */
export interface Nic {
	/** The manifest's name. */
	readonly network: string;
	readonly mac: string;
	readonly source: { readonly type: "network" | "bridge"; readonly name: string };
	readonly ip?: string;
	readonly prefix?: number;
	readonly gateway?: string;
	readonly dns: readonly string[];
	readonly mtu?: number;
	readonly carriesGateway: boolean;
	readonly carriesDns: boolean;
}

function refuse(name: string, what: string) {
	return libvirtError("invalid", "createVm", `network ${name}: ${what}`);
}

function address(name: string, { ip = "", prefix, gateway }: VmNetwork): Pick<Nic, "ip" | "prefix" | "gateway"> {
	const family = isIP(ip);
	if (family === 0) throw refuse(name, `${JSON.stringify(ip)} is not an IP address`);
	const bits = prefix ?? (family === 6 ? 64 : 24);
	if (!Number.isInteger(bits) || bits < 1 || bits > (family === 6 ? 128 : 32))
		throw refuse(name, `a prefix of ${bits} bits is none`);
	if (gateway === undefined) return { ip, prefix: bits };
	if (isIP(gateway) !== family) throw refuse(name, `gateway ${gateway} is no address of the same family as ${ip}`);
	if (gateway === ip) throw refuse(name, `${ip} is the gateway's address`);
	return { ip, prefix: bits, gateway };
}

/** The interfaces that a VM gets, in the manifest's order. `network` is where they hang when cloud_properties don't say. */
export function planNics({ key, networks }: Pick<VmRequest, "key" | "networks">, network: string): readonly Nic[] {
	const all = Object.entries(networks);
	const carrier = (what: string) => all.find(([, each]) => each.default.includes(what))?.[0] ?? all[0]?.[0];
	const vm = nameOf("vm", key);
	const used = new Set<string>();
	return all.map(([name, each], index) => {
		if (each.type === "vip")
			throw libvirtError("unsupported", "createVm", `network ${name}: libvirt has no vip networks`, {
				hint: "give the VM a manual network with that address",
			});
		const properties = readNetworkProperties(each.cloudProperties, "createVm", `network ${name}`);
		const fixed = each.type === "manual" ? address(name, each) : {};
		if (fixed.ip !== undefined && used.has(fixed.ip)) throw refuse(name, `${fixed.ip} is used twice`);
		used.add(fixed.ip ?? "");
		return {
			network: name,
			mac: macOf(vm, index),
			source:
				properties.bridge === undefined
					? { type: "network", name: properties.name ?? network }
					: { type: "bridge", name: properties.bridge },
			...fixed,
			dns: each.dns.filter((server) => isIP(server) !== 0),
			...(properties.mtu === undefined ? {} : { mtu: properties.mtu }),
			carriesGateway: name === carrier("gateway"),
			carriesDns: name === carrier("dns"),
		};
	});
}

/** cloud-init up to 22.4 at least reads a route to ::/0 as one to ::/64 (network_state.py: a prefix of 0 counts as none). */
function defaultRoute(via: string): object {
	return isIP(via) === 6 ? { gateway6: via } : { routes: [{ to: "0.0.0.0/0", via }] };
}

/**
 * cloud-init's network configuration, version 2: interfaces are known by their hardware address and called eth0, eth1, …
 * Source: cloud-init's "Networking config Version 2".
 */
export function networkConfig(nics: readonly Nic[]): string {
	const ethernets = nics.map((nic, index) => {
		const name = `eth${index}`;
		const base = {
			match: { macaddress: nic.mac },
			"set-name": name,
			...(nic.mtu === undefined ? {} : { mtu: nic.mtu }),
		};
		const nameservers = nic.carriesDns && nic.dns.length > 0 ? { nameservers: { addresses: nic.dns } } : {};
		if (nic.ip === undefined) {
			const ignored = { "use-routes": nic.carriesGateway, "use-dns": nic.carriesDns };
			return [name, { ...base, dhcp4: true, "dhcp4-overrides": ignored, ...nameservers }];
		}
		const route = nic.carriesGateway && nic.gateway !== undefined ? defaultRoute(nic.gateway) : {};
		return [name, { ...base, addresses: [`${nic.ip}/${nic.prefix}`], ...route, ...nameservers }];
	});
	return `${JSON.stringify({ version: 2, ethernets: Object.fromEntries(ethernets) }, undefined, 2)}\n`;
}

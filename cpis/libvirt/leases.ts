import { BlockList, isIP, isIPv4 } from "node:net";
import type { Call } from "../../src/cpi/call.ts";
import { until } from "../../src/cpi/call.ts";
import { libvirtError } from "./errors.ts";
import { type Host, on } from "./host.ts";
import type { Nic } from "./nics.ts";
import { type Answer, type Command, must } from "./virsh.ts";
import { at, type Element, escapeXml, parseXml } from "./xml.ts";

/** One of libvirt's own networks: what it says of addresses. */
export interface ManagedNetwork {
	readonly name: string;
	/** Its own subnets. */
	readonly subnets: readonly { readonly ip: string; readonly bits: number; readonly dhcp: boolean }[];
	readonly leases: readonly { readonly mac: string; readonly ip: string }[];
}

const familyOf = (ip: string) => (isIPv4(ip) ? "ipv4" : "ipv6");

function inSubnet(ip: string, subnet: { readonly ip: string; readonly bits: number }): boolean {
	const list = new BlockList();
	list.addSubnet(subnet.ip, subnet.bits, familyOf(subnet.ip));
	return list.check(ip, familyOf(ip));
}

/** Two texts of an IPv6 address may differ. */
function isSame(ip: string, other: string): boolean {
	return inSubnet(ip, { ip: other, bits: isIPv4(other) ? 32 : 128 });
}

function prefixOf({ attributes: { prefix, netmask, family } }: Element): number {
	if (prefix !== undefined) return Number(prefix);
	if (family === "ipv6") return 64;
	const bits = (netmask ?? "255.255.255.0").split(".").map((part) => Number(part).toString(2));
	return bits.join("").replaceAll("0", "").length;
}

export function parseNetwork(source: string): ManagedNetwork {
	const network = parseXml(source);
	const ips = at(network, "ip");
	return {
		name: at(network, "name")[0]?.text ?? "",
		subnets: ips.flatMap((ip) => {
			const { address = "" } = ip.attributes;
			if (isIP(address) === 0) return [];
			return [{ ip: address, bits: prefixOf(ip), dhcp: at(ip, "dhcp").length > 0 }];
		}),
		leases: at(network, "ip/dhcp/host").map(({ attributes: { mac = "", ip = "" } }) => ({ mac, ip })),
	};
}

function entry({ mac, ip }: { readonly mac: string; readonly ip: string }): string {
	return `<host mac='${escapeXml(mac)}' ip='${escapeXml(ip)}'/>`;
}

/** The command that gives an interface its fixed address in its network's DHCP; undefined where there is none to give. */
export function leaseCommand(nic: Nic, networks: readonly ManagedNetwork[]): Command | undefined {
	const network = networks.find(({ name }) => nic.source.type === "network" && nic.source.name === name);
	const { mac, ip } = nic;
	if (!network || ip === undefined) return undefined;
	const subnets = network.subnets.filter((each) => familyOf(each.ip) === familyOf(ip));
	const subnet = subnets.find((each) => inSubnet(ip, each));
	if (!subnet) {
		const known = subnets.map((each) => `${each.ip}/${each.bits}`).join(", ");
		if (known === "") return undefined;
		const message = `network ${nic.network}: ${ip} is not in libvirt's network ${network.name} (${known})`;
		throw libvirtError("invalid", "createVm", message, { hint: "correct the subnet's range in the cloud config" });
	}
	if (isSame(subnet.ip, ip))
		throw libvirtError(
			"invalid",
			"createVm",
			`network ${nic.network}: ${ip} is the host's own address in ${network.name}`,
			{ hint: "put it under reserved:, or name it as the subnet's gateway" },
		);
	// In IPv6 libvirt's leases know no hardware addresses (network_conf.c).
	if (!subnet.dhcp || !isIPv4(ip) || network.leases.some((lease) => lease.mac === mac && lease.ip === ip))
		return undefined;
	return ["net-update", network.name, "add", "ip-dhcp-host", entry({ mac, ip }), "--live", "--config"];
}

/** Commands that free the addresses which these hardware addresses have in a network. */
export function freeCommands(network: ManagedNetwork, macs: ReadonlySet<string>): readonly Command[] {
	return network.leases
		.filter(({ mac }) => macs.has(mac))
		.map((lease) => ["net-update", network.name, "delete", "ip-dhcp-host", entry(lease), "--live", "--config"]);
}

/** What libvirt knows of its networks with these names. Throws for one that isn't there, unless `absent` is fine. */
export async function readNetworks(
	call: Call,
	host: Host,
	names: Iterable<string>,
	tolerated?: RegExp,
): Promise<readonly ManagedNetwork[]> {
	const wanted = [...new Set(names)];
	if (wanted.length === 0) return [];
	const found = await on(
		call,
		host,
		wanted.map((name) => ["net-dumpxml", name]),
	);
	must(call, host.connection, found, tolerated);
	return found.filter(({ error }) => error === undefined).map(({ out }) => parseNetwork(out));
}

/** Reads a table of `net-dhcp-leases`: the address that a hardware address got. */
function leasedAddress({ out }: Answer, mac: string): string | undefined {
	const line = out.split("\n").find((each) => each.includes(` ${mac} `));
	return line === undefined ? undefined : /\s(\S+)\/\d+\s/.exec(line)?.[1];
}

/** Waits until the guest has asked for its addresses, and tells them by the manifest's names. */
export async function waitForAddresses(
	call: Call,
	host: Host,
	nics: readonly Nic[],
): Promise<ReadonlyMap<string, string>> {
	const dynamic = nics.filter(({ ip }) => ip === undefined);
	const found = new Map<string, string>();
	if (dynamic.length === 0) return found;
	const bridged = dynamic.find(({ source }) => source.type === "bridge");
	if (bridged)
		throw libvirtError(
			"unsupported",
			"createVm",
			`network ${bridged.network}: who gives addresses on a bridge is unknown`,
			{
				hint: "make the network manual, or name one of libvirt's networks instead of a bridge",
			},
		);
	call.doing("the guest asked for its address (DHCP)");
	const commands: Command[] = dynamic.map(({ source, mac }) => ["net-dhcp-leases", source.name, "--mac", mac]);
	await until(call, async () => {
		const said = await on(call, host, commands);
		must(call, host.connection, said);
		dynamic.forEach(({ network, mac }, index) => {
			const ip = leasedAddress(said[index] ?? { out: "" }, mac);
			if (ip !== undefined) found.set(network, ip);
		});
		return found.size === dynamic.length;
	});
	return found;
}

import { createHash } from "node:crypto";
import { isIP } from "node:net";
import type { VmNetwork, VmRequest } from "../../src/cpi/cpi.ts";
import { localError } from "./errors.ts";

/** One interface of a VM. `gateway` is always an address of the bridge in that subnet. */
export interface VmInterface {
	readonly network: string;
	readonly ip: string;
	readonly prefix: number;
	readonly gateway: string;
	readonly dns: readonly string[];
	readonly carriesGateway: boolean;
}

const DYNAMIC_GATEWAY = "10.254.0.1";

function toNumber(ip: string): number {
	return ip.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

function toText(value: number): string {
	return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
}

/** The last usable address of the subnet: the bridge's, where the manifest names no gateway. */
function lastOfSubnet(ip: string, prefix: number): string {
	if (isIP(ip) === 6) return ip.replace(/[^:]*$/, "fffe");
	const size = 2 ** (32 - prefix);
	return toText(toNumber(ip) - (toNumber(ip) % size) + Math.max(size - 2, 0));
}

function manual(name: string, network: VmNetwork): VmInterface {
	const refuse = (what: string) => localError("invalid", "createVm", `network ${name}: ${what}`);
	const family = isIP(network.ip ?? "");
	if (network.ip === undefined || family === 0) throw refuse(`${network.ip ?? "no address"} is not an IP address`);
	const prefix = network.prefix ?? (family === 6 ? 64 : 24);
	if (!Number.isInteger(prefix) || prefix < 1 || prefix > (family === 6 ? 128 : 32))
		throw refuse(`a prefix of ${prefix} bits is none`);
	const gateway = network.gateway ?? lastOfSubnet(network.ip, prefix);
	if (isIP(gateway) !== family) throw refuse(`gateway ${gateway} is no address of the same family as ${network.ip}`);
	if (gateway === network.ip) throw refuse(`${network.ip} is the gateway's address`);
	return {
		network: name,
		ip: network.ip,
		prefix,
		gateway,
		dns: network.dns.filter((server) => isIP(server) !== 0),
		carriesGateway: network.default.includes("gateway"),
	};
}

function dynamic(name: string, network: VmNetwork, taken: ReadonlySet<string>): VmInterface {
	let next = toNumber(DYNAMIC_GATEWAY) + 1;
	while (taken.has(toText(next))) next++;
	return manual(name, { ...network, ip: toText(next), prefix: 16, gateway: DYNAMIC_GATEWAY });
}

/** The interfaces that a VM gets. `taken` are the addresses of the deployment's other VMs, with their names. */
export function planInterfaces(
	networks: VmRequest["networks"],
	taken: ReadonlyMap<string, string>,
): readonly VmInterface[] {
	const used = new Set(taken.keys());
	return Object.entries(networks).map(([name, network]) => {
		if (network.type === "vip")
			throw localError("unsupported", "createVm", `network ${name}: the embedded provider has no vip networks`);
		const planned = network.type === "dynamic" ? dynamic(name, network, used) : manual(name, network);
		const holder = taken.get(planned.ip);
		if (holder !== undefined)
			throw localError("invalid", "createVm", `network ${name}: ${planned.ip} is the address of ${holder}`);
		if (used.has(planned.ip)) throw localError("invalid", "createVm", `network ${name}: ${planned.ip} is used twice`);
		used.add(planned.ip);
		return planned;
	});
}

/** Input of `ip -batch` in the deployment's network: the VM's cables. `@PID@` stands for the VM's first process. */
export function wireBatch(cid: string, interfaces: readonly VmInterface[]): string {
	const lines = interfaces.flatMap(({ ip, gateway, prefix }, index) => {
		const end = `v${cid.slice(-10)}n${index}`;
		return [
			`address replace ${gateway}/${prefix} dev davit0${gateway.includes(":") ? " nodad" : ""}`,
			`link add ${end} type veth peer name eth${index} address ${hardwareAddress(ip)} netns @PID@`,
			`link set ${end} master davit0 up`,
		];
	});
	return `${lines.join("\n")}\n`;
}

/** Made from the address: a VM that comes back is reached at once, since what its neighbours have learnt is still right. */
function hardwareAddress(ip: string): string {
	const digits = createHash("sha256").update(ip).digest("hex").slice(0, 10);
	return ["02", ...(digits.match(/../g) ?? [])].join(":");
}

/** Input of `ip -batch` in the VM. */
export function addressBatch(interfaces: readonly VmInterface[]): string {
	const first = interfaces.findIndex(({ carriesGateway }) => carriesGateway);
	const defaultIndex = Math.max(first, 0);
	const lines = interfaces.flatMap(({ ip, prefix, gateway }, index) => [
		`address add ${ip}/${prefix} dev eth${index}${ip.includes(":") ? " nodad" : ""}`,
		`link set eth${index} up`,
		...(index === defaultIndex ? [`route add default via ${gateway} dev eth${index}`] : []),
	]);
	return ["link set lo up", ...lines, ""].join("\n");
}

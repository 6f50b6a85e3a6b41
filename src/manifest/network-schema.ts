import { z } from "zod";
import type { IpRange, Network, Subnet } from "./cloud.ts";
import { formatIp, inRange, parseCidr, parseIp } from "./ip.ts";
import { contains, formatRange, overlap, parseRange } from "./ip-ranges.ts";
import type { Report } from "./report.ts";
import { names, optional, section, text, valueMap } from "./section.ts";

const MANAGED = "make the network in the cloud first, and give its range here";

/** BOSH takes one range without its list, too. */
const ranges = z.union([names, text.transform((only) => [only])], "a list of addresses, ranges a-b or CIDR blocks");

/** One subnet of any type of network; which keys it needs depends on the type. */
const subnet = section(
	{
		range: optional(text).describe("Addresses as a CIDR block."),
		gateway: optional(text).describe("Address of the default gateway."),
		dns: optional(names).describe("DNS servers."),
		reserved: optional(ranges).describe("Addresses that davit never gives: addresses, ranges a-b, CIDR blocks."),
		static: optional(ranges).describe("Addresses for static_ips; of a vip network those that are given out."),
		az: optional(text).describe("Deprecated: one AZ."),
		azs: optional(names).describe("AZs that it serves; none: all."),
		cloud_properties: optional(valueMap).describe("Properties of the cloud's CPI."),
	},
	{ notYet: { prefix: "every VM gets single addresses", name: MANAGED, netmask_bits: MANAGED } },
);

/** A network as written. BOSH's default type is manual. */
export const network = section(
	{
		name: text.describe("The name that instance groups use."),
		type: optional(z.enum(["manual", "dynamic", "vip"])).describe(
			"manual (default): davit chooses addresses; dynamic: the cloud does; vip: public addresses.",
		),
		subnets: optional(z.array(subnet)).describe("Subnets, each for some AZs."),
		dns: optional(names).describe("Of a dynamic network: DNS servers."),
		cloud_properties: optional(valueMap).describe("Of a dynamic or vip network: properties of the cloud's CPI."),
	},
	{ notYet: { managed: MANAGED } },
);

type Written = z.output<typeof network>;
type WrittenSubnet = z.output<typeof subnet>;

/** The network with its ranges normalised; everything wrong in them is reported. */
export function readNetwork(written: Written, path: string, report: Report): Network {
	const subnets = written.subnets ?? [];
	const azsOf = (part: WrittenSubnet, index: number) => readAzs(part, `${path}/subnets/${index}`, report);
	const { name } = written;
	if (written.type === "dynamic") {
		const whole = { azs: [], dns: written.dns ?? [], cloudProperties: written.cloud_properties ?? {} };
		const parts = subnets.map((part, index) => ({
			azs: azsOf(part, index),
			dns: part.dns ?? [],
			cloudProperties: part.cloud_properties ?? {},
		}));
		return { type: "dynamic", name, subnets: written.subnets ? parts : [whole] };
	}
	if (written.type === "vip") {
		const parts = subnets.map((part, index) => ({
			azs: azsOf(part, index),
			static: readRanges(part.static, `${path}/subnets/${index}/static`, report),
			cloudProperties: part.cloud_properties ?? {},
		}));
		return { type: "vip", name, subnets: parts, cloudProperties: written.cloud_properties ?? {} };
	}
	if (subnets.length === 0) {
		report.error(
			"no-subnet",
			path,
			`network "${name}" is manual and has no subnets`,
			"add subnets: with range and gateway",
		);
	}
	return {
		type: "manual",
		name,
		subnets: subnets.map((part, index) => readSubnet(part, `${path}/subnets/${index}`, report)),
	};
}

/** `az` is the deprecated form of `azs`. */
function readAzs(part: WrittenSubnet, path: string, report: Report): readonly string[] {
	if (part.az !== undefined && part.azs !== undefined) {
		report.error("az-twice", `${path}/az`, "the subnet has both az and azs", "keep azs");
	}
	return part.azs ?? (part.az === undefined ? [] : [part.az]);
}

function readSubnet(part: WrittenSubnet, path: string, report: Report): Subnet {
	const range = readSubnetRange(part.range, path, report);
	const made: Subnet = {
		range: range?.text ?? "",
		gateway: usualText(part.gateway ?? ""),
		dns: part.dns ?? [],
		reserved: readRanges(part.reserved, `${path}/reserved`, report),
		static: readRanges(part.static, `${path}/static`, report),
		azs: readAzs(part, path, report),
		cloudProperties: part.cloud_properties ?? {},
	};
	if (range) checkInside(made, range.whole, path, report);
	return made;
}

/** Addresses are compared as texts, and IPv6 has many for one. */
function usualText(address: string): string {
	const ip = parseIp(address);
	return ip ? formatIp(ip) : address;
}

function readSubnetRange(
	written: string | undefined,
	path: string,
	report: Report,
): { readonly text: string; readonly whole: IpRange } | undefined {
	if (written === undefined) {
		report.error("missing-key", path, 'the subnet lacks the key "range"', "add range: such as 10.0.0.0/24");
		return undefined;
	}
	if (written.includes("((")) return undefined;
	const cidr = parseCidr(written);
	if (!cidr) {
		report.error(
			"bad-range",
			`${path}/range`,
			`"${written}" is no range`,
			"write an address and a prefix, such as 10.0.0.0/24",
		);
		return undefined;
	}
	const text = `${formatIp(cidr.first)}/${cidr.prefix}`;
	if (cidr.hostBits) {
		report.warn(
			"host-bits",
			`${path}/range`,
			`the range ${written} has host bits set; it is read as ${text}`,
			`write ${text}`,
		);
	}
	return { text, whole: { from: formatIp(cidr.first), to: formatIp(cidr.last) } };
}

function readRanges(written: readonly string[] | undefined, path: string, report: Report): readonly IpRange[] {
	return (written ?? []).flatMap((text, index) => {
		if (text.includes("((")) return [];
		const range = parseRange(text);
		if (!range) {
			const hint = "write an address, a range a-b whose first is the lower, or a CIDR";
			report.error("bad-range", `${path}/${index}`, `"${text}" is no range of addresses`, hint);
			return [];
		}
		const { from, to } = range;
		if (range.hostBits) {
			const message = `${text} has host bits set; it is read as ${formatRange(range)}`;
			report.warn("host-bits", `${path}/${index}`, message, `write ${formatRange(range)}`);
		}
		return [{ from, to }];
	});
}

function checkInside(made: Subnet, whole: IpRange, path: string, report: Report): void {
	if (made.gateway === "") {
		report.error(
			"missing-key",
			path,
			'the subnet lacks the key "gateway"',
			`add gateway: with an address of ${made.range}`,
		);
	} else if (!made.gateway.includes("((") && !(parseIp(made.gateway) && inRange(made.gateway, whole))) {
		report.error(
			"bad-gateway",
			`${path}/gateway`,
			`the gateway ${made.gateway} lies outside the range ${made.range}`,
			`give an address of ${made.range}`,
		);
	}
	for (const kind of ["reserved", "static"] as const) {
		for (const range of made[kind]) {
			if (contains(whole, range)) continue;
			report.error(
				"range-outside",
				`${path}/${kind}`,
				`${kind} ${formatRange(range)} lies outside the range ${made.range}`,
				"correct one of the two",
			);
		}
	}
	for (const range of made.static) {
		const reserved = made.reserved.find((other) => overlap(range, other));
		if (!reserved) continue;
		const message = `static ${formatRange(range)} overlaps reserved ${formatRange(reserved)}`;
		report.error("range-overlap", `${path}/static`, message, "keep the addresses in one of the two");
	}
}

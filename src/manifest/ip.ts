import { isIP } from "node:net";
import type { IpRange } from "./cloud.ts";

/** An address as a number, with the bits of its family: 32 or 128. */
export interface Ip {
	readonly bits: 32 | 128;
	readonly value: bigint;
}

/** Reads an IPv4 or IPv6 address; undefined if it is none. */
export function parseIp(text: string): Ip | undefined {
	const family = isIP(text);
	if (family === 4)
		return { bits: 32, value: BigInt(text.split(".").reduce((sum, part) => sum * 256 + Number(part), 0)) };
	if (family === 6) return { bits: 128, value: parseIpv6(text) };
	return undefined;
}

function parseIpv6(text: string): bigint {
	const bare = text.replace(/%.*$/, "").replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) => {
		const hex = (high: string, low: string) => (Number(high) * 256 + Number(low)).toString(16);
		return `${hex(a, b)}:${hex(c, d)}`;
	});
	const [head = "", tail] = bare.split("::");
	const left = head === "" ? [] : head.split(":");
	const right = tail === undefined || tail === "" ? [] : tail.split(":");
	const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
	const groups = [...left, ...Array<string>(zeros).fill("0"), ...right];
	return groups.reduce((sum, group) => sum * 65536n + BigInt(`0x${group}`), 0n);
}

/** The usual text of an address; IPv6 with its longest run of zeros shortened (RFC 5952). */
export function formatIp({ bits, value }: Ip): string {
	if (bits === 32) {
		const number = Number(value);
		return `${number >>> 24}.${(number >>> 16) & 255}.${(number >>> 8) & 255}.${number & 255}`;
	}
	const groups = Array.from({ length: 8 }, (_, index) => ((value >> BigInt(112 - index * 16)) & 65535n).toString(16));
	const runs = [...groups.join(":").matchAll(/(?:^|:)(0(?::0)+)(?=:|$)/g)].sort(
		(a, b) => (b[1] ?? "").length - (a[1] ?? "").length,
	);
	const run = runs[0]?.[1];
	if (run === undefined) return groups.join(":");
	const text = groups.join(":");
	const at = (runs[0]?.index ?? 0) + ((runs[0]?.[0] ?? "").startsWith(":") ? 1 : 0);
	return `${text.slice(0, at).replace(/:$/, "")}::${text.slice(at + run.length).replace(/^:/, "")}`;
}

/** A range such as 10.77.0.0/24, as its first and last address and its prefix length. Host bits are cleared. */
export function parseCidr(
	text: string,
): { readonly first: Ip; readonly last: Ip; readonly prefix: number; readonly hostBits: boolean } | undefined {
	const [address = "", length = ""] = text.split("/");
	const ip = parseIp(address);
	const prefix = Number(length);
	if (!ip || !/^\d+$/.test(length) || prefix > ip.bits) return undefined;
	const size = 1n << BigInt(ip.bits - prefix);
	const first = ip.value - (ip.value % size);
	return {
		first: { bits: ip.bits, value: first },
		last: { bits: ip.bits, value: first + size - 1n },
		prefix,
		hostBits: first !== ip.value,
	};
}

/** True if the address lies in the inclusive range. */
export function inRange(text: string, range: IpRange): boolean {
	const [ip, from, to] = [parseIp(text), parseIp(range.from), parseIp(range.to)];
	return !!ip && !!from && !!to && ip.bits === from.bits && ip.value >= from.value && ip.value <= to.value;
}

import type { IpRange } from "./cloud.ts";
import { formatIp, parseCidr, parseIp } from "./ip.ts";

/**
 * An address, `a-b` or CIDR as an inclusive range; undefined if it is none of these. A CIDR with host bits set means its network,
 * as in BOSH: `hostBits` says so.
 */
export function parseRange(text: string): (IpRange & { readonly hostBits?: true }) | undefined {
	if (text.includes("/")) {
		const cidr = parseCidr(text.trim());
		if (!cidr) return undefined;
		return { from: formatIp(cidr.first), to: formatIp(cidr.last), ...(cidr.hostBits ? { hostBits: true } : {}) };
	}
	const [from = "", to = from, ...more] = text.split(/\s*-\s*/).map((part) => part.trim());
	const [first, last] = [parseIp(from), parseIp(to)];
	if (!first || !last || first.bits !== last.bits || first.value > last.value || more.length > 0) return undefined;
	return { from: formatIp(first), to: formatIp(last) };
}

/** All addresses of a range; undefined if there are more than `limit`. */
export function addressesOf({ from, to }: IpRange, limit: number): readonly string[] | undefined {
	const [first, last] = [parseIp(from), parseIp(to)];
	if (!first || !last || last.value - first.value >= BigInt(limit)) return undefined;
	const length = Number(last.value - first.value) + 1;
	return Array.from({ length }, (_, index) => formatIp({ bits: first.bits, value: first.value + BigInt(index) }));
}

/** A range as people write it: one address, or both ends. */
export function formatRange({ from, to }: IpRange): string {
	return from === to ? from : `${from}-${to}`;
}

/** True if the ranges share an address. */
export function overlap(a: IpRange, b: IpRange): boolean {
	const [aFrom, aTo, bFrom, bTo] = [a.from, a.to, b.from, b.to].map(parseIp);
	if (!aFrom || !aTo || !bFrom || !bTo || aFrom.bits !== bFrom.bits) return false;
	return aFrom.value <= bTo.value && bFrom.value <= aTo.value;
}

/** True if `inner` lies in `outer` with both its ends. */
export function contains(outer: IpRange, inner: IpRange): boolean {
	const [from, to, innerFrom, innerTo] = [outer.from, outer.to, inner.from, inner.to].map(parseIp);
	if (!from || !to || !innerFrom || !innerTo || from.bits !== innerFrom.bits) return false;
	return from.value <= innerFrom.value && innerTo.value <= to.value;
}

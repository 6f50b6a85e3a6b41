import type { GroupNetwork } from "./deployment.ts";
import { addressesOf, parseRange } from "./ip-ranges.ts";
import type { Report } from "./report.ts";

/** `static_ips` as single addresses; BOSH takes ranges there as well. */
export function expandStaticIps(
	networks: readonly GroupNetwork[],
	path: string,
	report: Report,
): readonly GroupNetwork[] {
	return networks.map((network, index) => ({
		...network,
		staticIps: network.staticIps.flatMap((text, position) => {
			if (text.includes("((")) return [];
			const range = parseRange(text);
			const addresses = range && addressesOf(range, 10_000);
			if (addresses) return addresses;
			const at = `${path}/${index}/static_ips/${position}`;
			report.error("bad-address", at, `"${text}" is no address`, "write an address such as 10.0.0.10, or a range a-b");
			return [];
		}),
	}));
}

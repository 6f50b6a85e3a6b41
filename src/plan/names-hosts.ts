import { parseIp } from "../manifest/ip.ts";
import type { LinkData } from "../template/render.ts";
import { instanceRecordName, type NameScheme, queryName } from "./names.ts";
import type { PlacedInstance } from "./placed.ts";

/**
 * The lines of an instance's managed block in /etc/hosts (the markers are the machine's): itself, and the instances behind its links by every
 * name that its templates can be given: the instance's, and the query names for all AZs and for its own, of every health but `unhealthy`. Names
 * for several chosen AZs at once need bosh-dns. An instance whose address is not known yet has no line.
 */
export function hostsLines(
	scheme: NameScheme,
	self: PlacedInstance,
	links: readonly LinkData[],
	all: ReadonlyMap<string, PlacedInstance>,
): readonly string[] {
	const named = new Map<string, Set<string>>();
	const add = (ip: string | undefined, names: readonly string[]) => {
		if (ip !== undefined) named.set(ip, new Set([...(named.get(ip) ?? []), ...names]));
	};
	for (const [network, { ip }] of Object.entries(self.networks)) add(ip, [instanceRecordName(scheme, self, network)]);
	for (const link of links) {
		for (const target of link.instances) {
			const instance = all.get(target.id);
			if (instance) add(instance.networks[link.default_network]?.ip, namesOf(scheme, link, target, instance));
		}
	}
	return [...named].map(([ip, names]) => [ip, ...[...names].sort()].join(" ")).sort();
}

function namesOf(
	own: NameScheme,
	link: LinkData,
	target: LinkData["instances"][number],
	instance: PlacedInstance,
): readonly string[] {
	const { query } = link;
	if (!query) return [];
	// The link may be another deployment's.
	const record = instanceRecordName({ ...own, deployment: link.deployment_name }, instance, link.default_network);
	const given = parseIp(target.address) ? [] : [target.address];
	const azs = query.azs[instance.az] === undefined ? [[]] : [[], [instance.az]];
	const queries = azs.flatMap((some) =>
		(["smart", "healthy", "all"] as const).map((health) => queryName(query, { azs: some, health })),
	);
	return [record, ...given, ...queries];
}

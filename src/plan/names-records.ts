import type { ProvideAlias } from "../manifest/deployment.ts";
import type { LinkGroup, OfferedLink } from "./link-providers.ts";
import { canonicalName, instanceRecordName, type NameScheme, nameNumber, ownerNumber, rootDomain } from "./names.ts";
import type { PlacedInstance } from "./placed.ts";

const recordKeys = [
	"id",
	"num_id",
	"instance_group",
	"group_ids",
	"az",
	"az_id",
	"network",
	"network_id",
	"deployment",
	"ip",
	"domain",
	"agent_id",
	"instance_index",
] as const;

/** What a deployment has names for. */
export interface Named {
	readonly scheme: NameScheme;
	readonly instances: readonly PlacedInstance[];
	readonly providers: readonly OfferedLink[];
}

/**
 * `instance/dns/records.json` as bosh-dns reads it and a director writes it (bosh-director's dns_records), for a deployment and what it
 * consumes of others. Same input, same text.
 */
export function recordsJson(deployments: readonly Named[]): string {
	const addresses = deployments.flatMap(({ scheme, instances, providers }) =>
		instances.flatMap((instance) =>
			Object.entries(instance.networks).flatMap(([network, { ip }]) =>
				ip === undefined ? [] : [{ scheme, providers, instance, network, ip }],
			),
		),
	);
	return JSON.stringify({
		records: addresses.map(({ scheme, instance, network, ip }) => [ip, instanceRecordName(scheme, instance, network)]),
		// A director counts up; bosh-dns only passes it on.
		version: 1,
		record_keys: recordKeys,
		record_infos: addresses.map(({ scheme, providers, instance, network, ip }) => {
			const groupIds = ownersOf(instance.group, providers).map((owner) => String(ownerNumber(scheme, owner)));
			const info: Record<(typeof recordKeys)[number], unknown> = {
				id: instance.id,
				num_id: String(nameNumber("instance", instance.id)),
				instance_group: canonicalName(instance.group),
				group_ids: groupIds,
				az: instance.az === "" ? null : instance.az,
				az_id: instance.az === "" ? null : String(nameNumber("az", instance.az)),
				network: canonicalName(network),
				network_id: String(nameNumber("network", network)),
				deployment: canonicalName(scheme.deployment),
				ip,
				domain: rootDomain,
				agent_id: instance.id,
				instance_index: instance.index,
			};
			return recordKeys.map((key) => info[key]);
		}),
		aliases: aliasRecords(deployments),
	});
}

/** The group itself, and each link that one of its jobs provides. */
function ownersOf(group: string, providers: readonly OfferedLink[]) {
	const links = providers.filter(({ from }) => from.group.name === group).map(linkName);
	return [{ group }, ...[...new Set(links)].sort().map((link) => ({ group, link }))];
}

function linkName({ name, type }: OfferedLink): string {
	return `${name}-${type}`;
}

function aliasRecords(deployments: readonly Named[]): Record<string, unknown[]> {
	const records: Record<string, unknown[]> = {};
	for (const { scheme, provider, alias } of deployments.flatMap(aliasesOf)) {
		const record = {
			root_domain: rootDomain,
			group_id: String(ownerNumber(scheme, { group: provider.from.group.name, link: linkName(provider) })),
			health_filter: alias.healthFilter ?? null,
			initial_health_check: alias.initialHealthCheck ?? null,
			placeholder_type: alias.placeholderType ?? null,
		};
		records[alias.domain] = [...(records[alias.domain] ?? []), record];
	}
	return records;
}

function aliasesOf({ scheme, providers }: Named) {
	return providers.flatMap((provider) => provider.aliases.map((alias: ProvideAlias) => ({ scheme, provider, alias })));
}

/** True if the group's VMs run bosh-dns, and so need records.json. */
export function runsBoshDns({ jobs }: LinkGroup): boolean {
	return jobs.some(({ job }) => job.name === "bosh-dns");
}

import type { Call } from "../../src/cpi/call.ts";
import type { Quota, ResourceUse, SizedThing } from "../../src/cpi/cpi.ts";
import { readDiskProperties, readVmProperties } from "./cloud-properties.ts";
import { type Host, on } from "./host.ts";
import { must } from "./virsh.ts";

const MIB = 1024 ** 2;

/** What a VM or a disk takes of its host. The image's own blocks are shared, and not counted. */
export function resourcesOf(thing: SizedThing): readonly ResourceUse[] {
	if (thing.kind === "disk") {
		const { host } = readDiskProperties(thing.cloudProperties, "resourcesOf", "the disk");
		return [{ resource: "disk", amount: thing.sizeMib, ...poolOf(host) }];
	}
	const { host, cpus, memory, ephemeral_disk, root_disk } = readVmProperties(
		thing.cloudProperties,
		"resourcesOf",
		"the VM",
	);
	const pool = poolOf(host);
	return [
		{ resource: "vcpus", amount: cpus, ...pool },
		{ resource: "memory", amount: memory, ...pool },
		{ resource: "disk", amount: ephemeral_disk + (root_disk?.size ?? 0), ...pool },
	];
}

function poolOf(host: string | undefined): { readonly pool?: string } {
	return host === undefined ? {} : { pool: host };
}

/** What a host has, and what of it is promised to the VMs that run and to volumes. QEMU may promise more: nothing is refused. */
export async function quotasOf(call: Call, host: Host): Promise<readonly Quota[]> {
	const { pool, name } = host.config;
	call.doing(`host ${host.connection.host} told what it has`);
	const found = await on(call, host, [
		["nodeinfo"],
		["domstats", "--vcpu", "--balloon", "--list-running"],
		["pool-info", "--bytes", pool],
	]);
	must(call, host.connection, found);
	return hostQuotas(found.map(({ out }) => out) as [string, string, string], name);
}

/** Reads what `nodeinfo`, `domstats` (vcpu and balloon) and `pool-info --bytes` print. */
export function hostQuotas([node, domains, pool]: readonly [string, string, string], host?: string): readonly Quota[] {
	const number = (text: string, name: string) =>
		Number(new RegExp(`^\\s*${name}[:=]\\s*(\\d+)`, "m").exec(text)?.[1] ?? 0);
	const sum = (name: string) =>
		[...domains.matchAll(new RegExp(`^\\s*${name}=(\\d+)`, "gm"))].reduce((all, [, count]) => all + Number(count), 0);
	const has = (resource: Quota["resource"], name: string, limit: number, used: number): Quota => ({
		...{ resource, name, limit: Math.floor(limit), used: Math.ceil(used), enforced: false, ...poolOf(host) },
	});
	return [
		has("vcpus", "CPUs of the host", number(node, "CPU\\(s\\)"), sum("vcpu\\.current")),
		has("memory", "memory of the host", number(node, "Memory size") / 1024, sum("balloon\\.current") / 1024),
		has("disk", "storage pool", number(pool, "Capacity") / MIB, number(pool, "Allocation") / MIB),
	];
}

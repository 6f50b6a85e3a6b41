import { existsSync, statfsSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { dirname } from "node:path";
import type { Call } from "../../src/cpi/call.ts";
import type { LimitedResource, Quota, ResourceUse, SizedThing, VmCid } from "../../src/cpi/cpi.ts";
import { readDisks } from "./disk-record.ts";
import { localError } from "./errors.ts";
import { locked } from "./lock.ts";
import type { Machine } from "./machine.ts";
import { readVms } from "./vm-record.ts";

const MIB = 1024 ** 2;
const UNITS: Readonly<Partial<Record<LimitedResource, string>>> = { memory: " MiB", disk: " MiB" };

/** `cpu` and `ram` as `calculateVmCloudProperties` gives them; VMs without them take what they need of the machine. */
export function resourcesOf(thing: SizedThing): readonly ResourceUse[] | undefined {
	if (thing.kind === "disk") return [{ resource: "disk", amount: thing.sizeMib }];
	const { cpu, ram } = thing.cloudProperties;
	if (typeof cpu !== "number" || typeof ram !== "number") return undefined;
	return [
		{ resource: "vcpus", amount: cpu },
		{ resource: "memory", amount: ram },
	];
}

/** What a VM takes in all. */
export function takenByVm(resources: readonly ResourceUse[] | undefined): readonly ResourceUse[] {
	return [{ resource: "vms", amount: 1 }, ...(resources ?? [])];
}

function uses(machine: Machine, except?: VmCid): readonly ResourceUse[] {
	const vms = readVms(machine).flatMap(({ cid, resources }) => (cid === except ? [] : takenByVm(resources)));
	const disks = readDisks(machine).flatMap(({ sizeMib }): readonly ResourceUse[] => [
		{ resource: "disks", amount: 1 },
		{ resource: "disk", amount: sizeMib },
	]);
	return [...vms, ...disks];
}

function usedOf(all: readonly ResourceUse[], resource: LimitedResource): number {
	return all.reduce((sum, use) => sum + (use.resource === resource ? use.amount : 0), 0);
}

/** What the cloud file allows; of the rest, what the machine has. */
export function quotas(machine: Machine, except?: VmCid): readonly Quota[] {
	const all = uses(machine, except);
	const allowed = Object.entries(machine.quota) as readonly (readonly [LimitedResource, number | undefined])[];
	const enforced = allowed.flatMap(([resource, limit]) =>
		limit === undefined ? [] : [{ resource, name: resource, limit, used: usedOf(all, resource), enforced: true }],
	);
	const limited = new Set(enforced.map(({ resource }) => resource));
	return [...enforced, ...capacity(machine, all).filter(({ resource }) => !limited.has(resource))];
}

function capacity({ folder }: Machine, all: readonly ResourceUse[]): readonly Quota[] {
	let there = folder;
	while (!existsSync(there)) there = dirname(there);
	const { blocks, bfree, bavail, bsize } = statfsSync(there);
	const has = (resource: LimitedResource, limit: number, used = usedOf(all, resource)): Quota => ({
		...{ resource, name: "this machine", limit, used, enforced: false },
	});
	const mib = (count: number) => Math.floor((count * bsize) / MIB);
	return [
		has("vcpus", availableParallelism()),
		has("memory", Math.floor(totalmem() / MIB)),
		has("disk", mib(blocks - bfree + bavail), mib(blocks - bfree)),
	];
}

/** Does what takes more, if the cloud file allows that: alone, so that two can't both have the last of it. */
export async function withinQuota<Result>(
	call: Call,
	machine: Machine,
	{ name, takes, vm }: { readonly name: string; readonly takes: readonly ResourceUse[]; readonly vm?: VmCid },
	work: () => Result | Promise<Result>,
): Promise<Result> {
	if (Object.keys(machine.quota).length === 0) return work();
	return locked(call, machine.folder, ["quota", "all"], async () => {
		for (const { resource, limit, used, enforced } of quotas(machine, vm)) {
			const more = usedOf(takes, resource);
			if (!enforced || more === 0 || used + more <= limit) continue;
			const unit = UNITS[resource] ?? "";
			const message = `${name} takes ${more}${unit} of ${resource}, and of the ${limit}${unit} of the quota ${used}${unit} are in use`;
			throw localError("quota", call.operation, message, {
				hint: `allow more in the cloud file (properties: {quota: {${resource}: …}}), or delete what nobody needs`,
			});
		}
		return work();
	});
}

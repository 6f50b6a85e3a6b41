import type { CloudResource, VmCid } from "../cpi/cpi.ts";
import type { MachineIdentity } from "../machine/identity.ts";
import type { ProbeResult } from "../machine/probe.ts";
import type { Cloud } from "../manifest/cloud.ts";
import type { Deployment, InstanceGroup } from "../manifest/deployment.ts";
import { inRange } from "../manifest/ip.ts";
import { parseRange } from "../manifest/ip-ranges.ts";
import type { InstanceRecord, VmRecord } from "../state/state.ts";
import type { InstanceName } from "./step.ts";

/** A VM at a cloud that carries the deployment's mark, though no record names it. */
export interface FoundVm {
	readonly cpi: string;
	readonly vm: CloudResource;
}

/** The same, once it was entered. */
export interface EnteredVm extends FoundVm {
	readonly identity: MachineIdentity;
	readonly probe: ProbeResult;
	/** What it is known by from now on; `learnt`: as it was shown, for nothing was known of it before. */
	readonly hostKeys: readonly string[];
	readonly learnt: boolean;
	/** Where it is another than the deployment's. */
	readonly user?: string;
}

/** A VM that can't be recorded, and why. */
export interface LeftVm extends FoundVm {
	readonly instance: InstanceName;
	readonly why: string;
	/** It answers, and does not let in who asks. */
	readonly refusesKey?: true;
}

/** What groups are called that davit makes for the time in which packages compile. */
const COMPILATION = /^compilation(-vm)*$/;

/** Which instance a VM is by its tags: enough to find the way to it. Nothing is known of what is on it. */
export function claimOf({ cpi, vm }: FoundVm, deployment: Deployment, cloud: Cloud): InstanceRecord {
	const [, named = "", number = "0"] = /^(.*)\/(\d+)$/.exec(vm.name) ?? [];
	const { id = "", instance_group: name = named, index = number } = vm.metadata;
	const group = deployment.instanceGroups.find((each) => each.name === name);
	const ips = networksOf(vm.ips ?? [], group, cloud);
	return {
		id,
		group: name,
		index: Number(index),
		az: azOf(Object.values(ips), group, cloud),
		bootstrap: false,
		lifecycle: group?.lifecycle ?? (COMPILATION.test(name) ? "compilation" : "service"),
		ips,
		vm: vmRecord({ cpi, vm }, { hostKeys: [], createdAt: 0 }),
		dirty: false,
		wanted: "started",
		ignore: false,
	};
}

function vmRecord(
	{ cpi, vm }: FoundVm,
	own: Pick<VmRecord, "hostKeys" | "createdAt"> & { readonly user?: string | undefined },
): VmRecord {
	const { user, ...more } = own;
	return {
		cid: vm.cid as VmCid,
		key: vm.key ?? vm.cid,
		cpi,
		shape: {},
		...more,
		...(vm.ephemeralDisk && { ephemeralDisk: vm.ephemeralDisk }),
		...(user === undefined ? {} : { user }),
		bootstrapped: true,
	};
}

/** The number at the end of a key that davit gave to what it made: higher is newer. 0: there is none. */
export function numberOf(key: string | undefined): number {
	return Number(/-(\d{1,15})$/.exec(key ?? "")?.[1] ?? 0);
}

/** Each address goes to the first network of the group whose subnets it lies in, else to the first that is left. */
function networksOf(ips: readonly string[], group: InstanceGroup | undefined, cloud: Cloud): Record<string, string> {
	const left = new Set(group?.networks.map(({ name }) => name) ?? []);
	const pairs = ips.flatMap((ip) => {
		const name = [...left].find((each) => subnetsOf(each, cloud).some(({ range }) => isIn(ip, range))) ?? [...left][0];
		if (name === undefined) return [];
		left.delete(name);
		return [[name, ip] as const];
	});
	return pairs.length > 0 ? Object.fromEntries(pairs) : Object.fromEntries(ips.slice(0, 1).map((ip) => ["", ip]));
}

/** By the subnets that its addresses lie in; else the only one that its group has. */
function azOf(ips: readonly string[], group: InstanceGroup | undefined, cloud: Cloud): string {
	const azs = group?.azs ?? [];
	const subnets = cloud.networks.flatMap(({ name }) => subnetsOf(name, cloud));
	const own = subnets.filter(({ range }) => ips.some((ip) => isIn(ip, range)));
	return azs.find((az) => own.some((subnet) => subnet.azs.includes(az))) ?? azs[0] ?? "";
}

function subnetsOf(name: string, cloud: Cloud) {
	const network = cloud.networks.find((each) => each.name === name);
	return network?.type === "manual" ? network.subnets : [];
}

function isIn(ip: string, range: string): boolean {
	const parsed = parseRange(range);
	return parsed !== undefined && inRange(ip, parsed);
}

/** The instances of the VMs that were entered. Of several that say that they are the same instance one is recorded; the others are left. */
export function instancesOf(
	entered: readonly EnteredVm[],
	deployment: Deployment,
	{ hasDisk, now }: { readonly hasDisk: (vm: CloudResource) => boolean; readonly now: number },
): {
	readonly instances: ReadonlyMap<InstanceName, { record: InstanceRecord; from: EnteredVm }>;
	readonly left: readonly LeftVm[];
} {
	const instances = new Map<InstanceName, { record: InstanceRecord; from: EnteredVm }>();
	const left: LeftVm[] = [];
	const best = (a: EnteredVm, b: EnteredVm) =>
		Number(hasDisk(b.vm)) - Number(hasDisk(a.vm)) || numberOf(b.vm.key) - numberOf(a.vm.key);
	for (const [name, all] of Map.groupBy(entered, ({ identity: { group, index } }) => `${group}/${index}`)) {
		const [chosen, ...others] = all.toSorted(best) as [EnteredVm, ...EnteredVm[]];
		instances.set(name, { record: recordOf(chosen, deployment, now), from: chosen });
		for (const { cpi, vm } of others)
			left.push({ cpi, vm, instance: name, why: `VM ${chosen.vm.cid} is ${name} as well, and newer or with its disk` });
	}
	return { instances, left };
}

function recordOf(entered: EnteredVm, deployment: Deployment, now: number): InstanceRecord {
	const { identity, probe, vm, hostKeys, user } = entered;
	const { id, group, index, az, bootstrap } = identity;
	const stopped =
		probe.processes?.length !== 0 && probe.processes?.every(({ monitored, pid = 0 }) => !monitored && pid === 0);
	return {
		...{ id, group, index, az, bootstrap },
		lifecycle: deployment.instanceGroups.find(({ name }) => name === group)?.lifecycle ?? "service",
		ips: addressesOf(identity, vm.ips ?? []),
		vm: vmRecord(entered, { hostKeys, createdAt: now, user }),
		dirty: false,
		// What an operator has stopped is not started in passing.
		...(stopped ? ({ wanted: "stopped", atRest: true } as const) : ({ wanted: "started" } as const)),
		ignore: false,
	};
}

/** Those that davit chose are on the VM; the cloud tells the others, in the order of the networks. */
function addressesOf({ networks }: MachineIdentity, all: readonly string[]): Record<string, string> {
	const chosen = new Set(Object.values(networks).map(({ ip }) => ip));
	const others = all.filter((ip) => !chosen.has(ip));
	return Object.fromEntries(
		Object.entries(networks).flatMap(([name, { ip = others.shift() }]) =>
			ip === undefined ? [] : [[name, ip] as const],
		),
	);
}

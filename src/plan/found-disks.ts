import type { CloudResource, DiskCid } from "../cpi/cpi.ts";
import type { Deployment, InstanceGroup } from "../manifest/deployment.ts";
import type { DiskRecord, InstanceRecord } from "../state/state.ts";
import { type EnteredVm, numberOf } from "./found-vms.ts";
import type { InstanceName } from "./step.ts";

/** A persistent disk at a cloud that carries the store's mark. */
export interface FoundDisk {
	readonly cpi: string;
	readonly disk: CloudResource;
}

/** An instance that was found, and the cids of the VMs whose disks are its own. */
export interface FoundInstance {
	readonly record: InstanceRecord;
	readonly from?: EnteredVm;
	readonly vms: ReadonlySet<string>;
}

export interface Matched {
	/** With their disks; those that only their disks tell of among them. */
	readonly instances: readonly InstanceRecord[];
	/** All disks of the deployment; what no instance has is orphaned. */
	readonly disks: readonly DiskRecord[];
	/** Instances of which can't be told which of several disks is theirs. */
	readonly unclear: readonly { readonly instance: InstanceName; readonly disks: readonly string[] }[];
}

interface MatchOptions {
	readonly deployment: Deployment;
	readonly now: number;
}

/**
 * Gives each disk to its instance. What is attached is its VM's; what is not belongs to the instance that its tags name, if that has no other and
 * its group wants one: an instance that has lost its VM is known by such a disk. What is left is orphaned. None is ever formatted.
 */
export function matchDisks(
	all: readonly FoundDisk[],
	instances: ReadonlyMap<InstanceName, FoundInstance>,
	options: MatchOptions,
): Matched {
	const found = all.filter(({ disk }) => !disk.metadata.disk_name);
	const several = all.filter(({ disk }) => disk.metadata.disk_name);
	const attached = new Map<InstanceName, readonly FoundDisk[]>(
		[...instances].map(([name, { vms }]) => [
			name,
			found.filter(({ disk }) => disk.attachedTo && vms.has(disk.attachedTo)).toSorted(olderFirst),
		]),
	);
	const spare = found.filter(({ disk }) => disk.attachedTo === undefined);
	const named = (name: InstanceName, id: string) =>
		spare.filter(({ disk: { metadata } }) => nameOf(metadata) === name && metadata.instance_id === id);
	const unattached = all.filter(({ disk }) => disk.attachedTo === undefined);
	const places = new Map([...instances, ...withoutVm(unattached, instances, options.deployment)]);
	const own = new Map<InstanceName, FoundDisk>();
	const unclear: { instance: InstanceName; disks: readonly string[] }[] = [];
	for (const [name, { record }] of places) {
		const [mounted] = attached.get(name) ?? [];
		const candidates = wantsDisk(record.group, options.deployment) ? named(name, record.id) : [];
		if (mounted) own.set(name, mounted);
		else if (candidates.length === 1) own.set(name, candidates[0] as FoundDisk);
		else if (candidates.length > 1) unclear.push({ instance: name, disks: candidates.map(({ disk }) => disk.cid) });
	}
	const byName = new Map([...places].map(([name, place]) => [name, namedOf(place, name, several, options.deployment)]));
	for (const [name, { unclear: more }] of byName) if (more.length > 0) unclear.push({ instance: name, disks: more });
	const holders = new Map([...byName].flatMap(([name, { own: mine }]) => mine.map((each) => [each, name] as const)));
	return {
		instances: [...places].map(([name, { record }]) =>
			withNamed(withDisk(record, own.get(name)), byName.get(name)?.own ?? []),
		),
		disks: [
			...found.map((each) => diskRecord(each, { places, own, attached }, options)),
			...several.map((each) => {
				const holder = holders.get(each);
				const mine = new Map(holder === undefined ? [] : [[holder, each] as const]);
				const record = diskRecord(each, { places, own: mine, attached: new Map() }, options);
				return { ...record, name: each.disk.metadata.disk_name ?? "" };
			}),
		],
		unclear,
	};
}

/** Of an instance's `persistent_disks`: what is attached, else what its tags name, if its group wants one of that name. */
function namedOf(
	{ record, vms }: FoundInstance,
	instance: InstanceName,
	several: readonly FoundDisk[],
	{ instanceGroups }: Deployment,
): { readonly own: readonly FoundDisk[]; readonly unclear: readonly string[] } {
	const wanted =
		instanceGroups.find(({ name }) => name === record.group)?.persistentDisks.map(({ name }) => name) ?? [];
	const own: FoundDisk[] = [];
	const unclear: string[] = [];
	for (const [name, all] of Map.groupBy(several, ({ disk }) => disk.metadata.disk_name ?? "")) {
		const attached = all.filter(({ disk }) => disk.attachedTo !== undefined && vms.has(disk.attachedTo));
		const spare = all.filter(({ disk: { metadata, attachedTo } }) => {
			return attachedTo === undefined && nameOf(metadata) === instance && metadata.instance_id === record.id;
		});
		const candidates = attached.length > 0 ? attached : wanted.includes(name) ? spare : [];
		if (candidates.length > 1) unclear.push(...candidates.map(({ disk }) => disk.cid));
		else own.push(...candidates);
	}
	return { own, unclear };
}

/** A copy that was cut short hangs beside the disk that it is made from, which is older. */
function olderFirst(a: FoundDisk, b: FoundDisk): number {
	return numberOf(a.disk.key) - numberOf(b.disk.key);
}

/** What a group lacks of its instances, known by the disks that its lost VMs have left: the lowest indexes first. */
function withoutVm(
	spare: readonly FoundDisk[],
	instances: ReadonlyMap<InstanceName, FoundInstance>,
	deployment: Deployment,
): readonly (readonly [InstanceName, FoundInstance])[] {
	return deployment.instanceGroups.flatMap((group) => {
		const wantsNamed = group.lifecycle === "service" && group.persistentDisks.length > 0;
		if (!wantsNamed && !wantsDisk(group.name, deployment)) return [];
		const there = [...instances.values()].filter(({ record }) => record.group === group.name).length;
		const disks = spare.filter(({ disk: { metadata } }) => {
			const name = nameOf(metadata);
			return metadata.instance_group === group.name && metadata.instance_id && !instances.has(name);
		});
		const byName = [...Map.groupBy(disks, ({ disk }) => nameOf(disk.metadata))];
		return byName
			.map(([name, all]) => [name, lostInstance(all.toSorted(olderFirst).at(-1) as FoundDisk, group)] as const)
			.toSorted(([, a], [, b]) => a.record.index - b.record.index)
			.slice(0, Math.max(0, group.instances - there));
	});
}

function lostInstance({ disk: { metadata } }: FoundDisk, group: InstanceGroup): FoundInstance {
	const record: InstanceRecord = {
		id: metadata.instance_id ?? "",
		group: group.name,
		index: Number(metadata.instance_index ?? 0),
		az: group.azs[0] ?? "",
		bootstrap: false,
		lifecycle: group.lifecycle,
		ips: {},
		dirty: false,
		wanted: "started",
		ignore: false,
	};
	return { record, vms: new Set() };
}

interface Owners {
	readonly places: ReadonlyMap<InstanceName, FoundInstance>;
	readonly own: ReadonlyMap<InstanceName, FoundDisk>;
	readonly attached: ReadonlyMap<InstanceName, readonly FoundDisk[]>;
}

function diskRecord(
	found: FoundDisk,
	{ places, own, attached }: Owners,
	{ deployment, now }: MatchOptions,
): DiskRecord {
	const { cpi, disk } = found;
	const { cid, key = cid, sizeMib = 0, metadata } = disk;
	const [holder] = [...own].find(([, each]) => each === found) ?? [];
	const [beside] = holder === undefined ? ([...attached].find(([, all]) => all[1] === found) ?? []) : [];
	const name = holder ?? beside ?? nameOf(metadata);
	const record = holder === undefined && beside === undefined ? undefined : places.get(name)?.record;
	const from = disk.attachedTo && holder !== undefined ? places.get(name)?.from?.identity.store : undefined;
	const source = beside === undefined ? undefined : own.get(beside);
	return {
		cid: cid as DiskCid,
		key,
		deployment: deployment.name,
		instance: record?.id ?? metadata.instance_id ?? "",
		instanceName: name,
		cpi,
		az: record?.az ?? "",
		sizeMib,
		mounted: true,
		...(from ? { mountedByCloud: from.byCloud, ...(from.byCloud ? {} : { fileSystem: from.fileSystem }) } : {}),
		...(source ? { copyOf: { disk: source.disk.cid as DiskCid, whole: false } } : {}),
		...(record ? {} : { orphanedAt: now }),
	};
}

function withDisk(record: InstanceRecord, found: FoundDisk | undefined): InstanceRecord {
	return found ? { ...record, disk: found.disk.cid as DiskCid } : record;
}

function withNamed(record: InstanceRecord, own: readonly FoundDisk[]): InstanceRecord {
	if (own.length === 0) return record;
	const disks = own.map(({ disk }) => [disk.metadata.disk_name ?? "", disk.cid as DiskCid] as const);
	return { ...record, disks: Object.fromEntries(disks) };
}

/** Of a disk's tags. */
function nameOf({ instance_group: group = "", instance_index: index = "" }: CloudResource["metadata"]): InstanceName {
	return `${group}/${index}`;
}

function wantsDisk(name: string, { instanceGroups }: Deployment): boolean {
	const group = instanceGroups.find((each) => each.name === name);
	const wanted = group?.lifecycle === "service" ? group.persistentDisk : undefined;
	return wanted !== undefined && !("sizeMib" in wanted && wanted.sizeMib === 0);
}

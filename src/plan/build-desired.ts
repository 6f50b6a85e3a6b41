import type { DiskCid, VmNetwork } from "../cpi/cpi.ts";
import { digestOf } from "../digest.ts";
import { type Problem, UserError } from "../errors.ts";
import type { Cloud } from "../manifest/cloud.ts";
import type { Deployment, InstanceGroup, ValueMap } from "../manifest/deployment.ts";
import { neededPackages } from "../release/compile-graph.ts";
import type { Release } from "../release/release.ts";
import type { DiskRecord } from "../state/state.ts";
import type { Cgroups } from "../stemcell/cgroups.ts";
import type { Stemcell, StemcellName } from "../stemcell/stemcell.ts";
import { jobProperties, unusedProperties } from "../template/properties.ts";
import { linkAliasProblems } from "./alias-problems.ts";
import { type CgroupUse, cgroupProblems } from "./cgroup-problems.ts";
import { compiledReleaseProblems } from "./compiled-releases.ts";
import type { DesiredDisk, DesiredInstance, DesiredJob } from "./desired.ts";
import { copiesOf } from "./disk-change.ts";
import { groupJobs } from "./group-jobs.ts";
import { type Links, resolveLinks } from "./links.ts";
import { pathOfGroup, pathOfJob } from "./manifest-path.ts";
import { nameProblems } from "./name-problems.ts";
import { namedDisks } from "./named-disks.ts";
import type { NameScheme } from "./names.ts";
import { hostsLines } from "./names-hosts.ts";
import { recordsJson, runsBoshDns } from "./names-records.ts";
import type { Placement } from "./place.ts";
import type { JobUse, PlacedInstance } from "./placed.ts";
import { type LinksElsewhere, type SharedLinks, sharedLinks } from "./shared-links.ts";
import { templateSpec } from "./spec.ts";
import type { PackageUse, ShapeStemcell, VmShape } from "./step.ts";
import { unknownJob } from "./unknown-jobs.ts";

export interface DesiredInput {
	readonly deployment: Deployment;
	readonly cloud: Cloud;
	readonly placement: Omit<Placement, "withoutRoom">;
	/** By name: those that the manifest's jobs use. */
	readonly releases: ReadonlyMap<string, Release>;
	readonly disks: readonly DiskRecord[];
	/** What the VMs of a manifest's stemcell boot on a CPI: the version is the image's. Undefined: as the manifest says. */
	readonly stemcell: (name: StemcellName, cpi: string) => Stemcell | undefined;
	/** The cloud properties that a CPI has for a group's `vm_resources`. Undefined: nobody knows yet. */
	readonly vmResources: (group: InstanceGroup, cpi: string) => ValueMap | undefined;
	/** What another deployment shares. */
	readonly linksElsewhere: (deployment: string) => LinksElsewhere;
	/** Which control groups those VMs have. Undefined: nobody knows yet. */
	readonly cgroups: (name: StemcellName, cpi: string) => Cgroups | undefined;
}

/** Every wanted instance in full, and everything that is wrong with the manifest against its releases. */
export function buildDesired(input: DesiredInput): {
	readonly instances: readonly DesiredInstance[];
	/** What it offers to other deployments, once it is deployed. */
	readonly shared: SharedLinks;
	readonly problems: readonly Problem[];
} {
	const { deployment, placement, cloud } = input;
	const problems: Problem[] = [
		...placement.problems,
		...nameProblems(deployment),
		...compiledReleaseProblems(deployment, input.releases),
	];
	const groups = placement.groups.map(({ group, instances }) => {
		const uses = jobUses(group, input, problems);
		problems.push(...unusedProperties(group, uses, pathOfGroup(deployment, group)));
		return { group, jobs: uses, instances };
	});
	const scheme: NameScheme = {
		deployment: deployment.name,
		features: deployment.features,
		azs: cloud.azs.map(({ name }) => name),
	};
	const linkGroups = groups.map(({ group, jobs, instances }) => ({
		group,
		jobs,
		instances: instances.map(({ placed }) => placed),
	}));
	const links = resolveLinks(scheme, linkGroups, input.linksElsewhere);
	problems.push(...links.problems, ...linkAliasProblems(linkGroups, links.providers));
	const named = [
		{ scheme, instances: linkGroups.flatMap(({ instances }) => instances), providers: links.providers },
		...links.elsewhere.map((from) => ({ scheme: from.scheme, instances: instancesOf(from), providers: from.links })),
	];
	const all = new Map(named.flatMap(({ instances }) => instances.map((instance) => [instance.id, instance] as const)));
	const disks = new Map(input.disks.map((disk) => [disk.cid, disk]));
	const copies = copiesOf(input.disks);
	const built = groups.flatMap(({ group, jobs, instances }) => {
		const records = runsBoshDns({ group, jobs, instances: [] }) ? recordsJson(named) : undefined;
		const packagesOn = byStemcell((stemcell) => groupPackages(jobs, { input, problems, stemcell }));
		const own = instances.map(({ placed, record }): DesiredInstance => {
			const disk = diskOf(group, cloud);
			const seen = jobs.flatMap(({ ref }) => Object.values(links.of(group.name, ref.name)));
			const hosts = hostsLines(scheme, placed, seen, all).join("\n");
			const shape = vmShape(group, placed, input);
			const formerDisk = record?.disk && disks.get(record.disk);
			const named = namedDisks(group, cloud, (name) => disks.get(record?.disks?.[name] as DiskCid));
			const diskCopy = formerDisk && copies.get(formerDisk.cid);
			return {
				name: `${group.name}/${placed.index}`,
				group,
				placed,
				jobs: jobs.map((use) => desiredJob(use, { scheme, placed, links, input, problems, disk })),
				packages: packagesOn(shape.stemcell),
				shape,
				disks: named,
				hosts,
				...(records === undefined ? {} : { records }),
				names: digestOf({ hosts, records }),
				...(record ? { record } : {}),
				...(disk ? { disk } : {}),
				...(formerDisk ? { formerDisk } : {}),
				...(diskCopy ? { diskCopy } : {}),
			};
		});
		return own;
	});
	const place = (name: string) => `/releases/${deployment.releases.findIndex((ref) => ref.name === name)}/version`;
	problems.push(...cgroupProblems(cgroupUses(built, input), place));
	return { instances: built, shared: sharedLinks(scheme, links.providers), problems };
}

/** Each once: several links may lead to the same group. */
function instancesOf({ links }: SharedLinks): readonly PlacedInstance[] {
	const all = links.flatMap(({ from }) => from.instances);
	return [...new Map(all.map((instance) => [instance.id, instance])).values()];
}

function cgroupUses(instances: readonly DesiredInstance[], { deployment, cgroups }: DesiredInput): CgroupUse[] {
	return instances.map(({ group, shape, jobs }) => {
		const stemcell = stemcellOf(group, deployment);
		return {
			group: group.name,
			stemcell,
			cgroups: cgroups(stemcell, shape.cpi),
			jobs: jobs.map(({ job, release }) => ({ name: job.name, release })),
		};
	});
}

function jobUses(group: InstanceGroup, { deployment, releases }: DesiredInput, problems: Problem[]): JobUse[] {
	const os = stemcellOf(group, deployment).os;
	return groupJobs(group, deployment, os).flatMap((ref): JobUse[] => {
		const release = releases.get(ref.release);
		if (!release) return [];
		const job = release.jobs.get(ref.name);
		const path = pathOfJob(deployment, group, ref);
		if (job) return [{ ref, job, path }];
		problems.push(unknownJob(group, ref, { ...release, jobs: [...release.jobs.keys()] }, `${path}/name`));
		return [];
	});
}

interface JobSurroundings {
	readonly scheme: NameScheme;
	readonly placed: PlacedInstance;
	readonly links: Links;
	readonly input: DesiredInput;
	readonly problems: Problem[];
	readonly disk: DesiredDisk | undefined;
}

function desiredJob(
	{ ref, job, path }: JobUse,
	{ scheme, placed, links, input, problems, disk }: JobSurroundings,
): DesiredJob {
	const group = input.placement.groups.find((candidate) => candidate.group.name === placed.group)?.group;
	const at = ref.properties || !group ? path : pathOfGroup(input.deployment, group);
	const { properties, problems: unfit } = jobProperties(job, ref.properties ?? group?.properties ?? {}, at);
	if (placed.index === 0) problems.push(...unfit);
	const release = { name: ref.release, version: input.releases.get(ref.release)?.version ?? "" };
	const own = links.of(placed.group, ref.name);
	const spec = templateSpec(scheme, placed, { properties, links: own, release, persistentDiskMib: disk?.sizeMib ?? 0 });
	return { ref, job, release, spec, links: own };
}

function groupPackages(
	uses: readonly JobUse[],
	{
		input: { deployment, releases },
		problems,
		stemcell,
	}: { readonly input: DesiredInput; readonly problems: Problem[]; readonly stemcell: StemcellName },
): PackageUse[] {
	const byRelease = Map.groupBy(uses, ({ ref }) => ref.release);
	return [...byRelease].flatMap(([name, jobs]) => {
		const release = releases.get(name);
		if (!release) return [];
		try {
			return neededPackages(
				release,
				jobs.map(({ job }) => job.name),
				stemcell,
			).map(({ package: item, key }) => ({
				name: item.name,
				release: name,
				fingerprint: item.fingerprint,
				key,
				dependencies: item.dependencies,
				...(item.form === "source" ? {} : { compiledFor: item.form.compiledFor }),
			}));
		} catch (error) {
			if (!(error instanceof UserError)) throw error;
			const place = { path: `/releases/${deployment.releases.findIndex((ref) => ref.name === name)}` };
			const told = new Set(problems.map(({ message }) => message));
			problems.push(
				...error.problems.filter(({ message }) => !told.has(message)).map((found) => ({ place, ...found })),
			);
			return [];
		}
	});
}

/** Works once for each stemcell. */
function byStemcell<T>(work: (stemcell: StemcellName) => T): (stemcell: StemcellName) => T {
	const done = new Map<string, T>();
	return (stemcell) => {
		const key = `${stemcell.os}/${stemcell.version}`;
		const result = done.get(key) ?? work(stemcell);
		done.set(key, result);
		return result;
	};
}

/** The stemcell that a group's alias stands for. */
function stemcellOf(group: InstanceGroup, deployment: Deployment): StemcellName {
	const stemcell = deployment.stemcells.find(({ alias }) => alias === group.stemcell);
	return { os: stemcell?.os ?? stemcell?.name ?? "", version: stemcell?.version ?? "" };
}

function diskOf(group: InstanceGroup, cloud: Cloud): DesiredDisk | undefined {
	const wanted = group.persistentDisk;
	if (!wanted) return undefined;
	const { persistent_disk_fs: fs, persistent_disk_mount_options: given } = group.env;
	const mountOptions = Array.isArray(given) ? given.map(String) : [];
	const mounted = { fileSystem: typeof fs === "string" ? fs : "ext4", mountOptions };
	if ("sizeMib" in wanted)
		return wanted.sizeMib > 0 ? { sizeMib: wanted.sizeMib, cloudProperties: {}, ...mounted } : undefined;
	const type = cloud.diskTypes.find(({ name }) => name === wanted.type);
	return type ? { sizeMib: type.sizeMib, cloudProperties: type.cloudProperties, ...mounted } : undefined;
}

/** AZ, then VM type, then extensions in order: the later wins, as in BOSH. */
function vmShape(group: InstanceGroup, placed: PlacedInstance, input: DesiredInput): VmShape {
	const { deployment, cloud, stemcell } = input;
	const named = stemcellOf(group, deployment);
	const az = cloud.azs.find(({ name }) => name === placed.az);
	const cpi = az?.cpi ?? cloud.cpis[0]?.name ?? "";
	const layers: ValueMap[] = [
		az?.cloudProperties ?? {},
		cloud.vmTypes.find(({ name }) => name === group.vmType)?.cloudProperties ?? input.vmResources(group, cpi) ?? {},
	];
	for (const name of group.vmExtensions)
		layers.push(cloud.vmExtensions.find((extension) => extension.name === name)?.cloudProperties ?? {});
	const metadata = {
		...deployment.tags,
		...group.tags,
		deployment: deployment.name,
		instance_group: group.name,
		id: placed.id,
		index: String(placed.index),
		name: `${group.name}/${placed.id}`,
	};
	return {
		cpi,
		stemcell: shapeStemcell(named, stemcell(named, cpi)),
		cloudProperties: Object.assign({}, ...layers),
		networks: Object.fromEntries(Object.entries(placed.networks).map(([name, network]) => [name, vmNetwork(network)])),
		env: group.env,
		guests: cloud.guests,
		metadata,
	};
}

function shapeStemcell({ os, version }: StemcellName, found: Stemcell | undefined): ShapeStemcell {
	if (!found) return { os, version, kind: "local", heavy: false };
	return { os: found.os, version: found.version, kind: found.kind, heavy: found.source.from === "file" };
}

function vmNetwork(network: PlacedInstance["networks"][string]): VmNetwork {
	const { type, ip, prefix, gateway, dns, default: defaults, cloudProperties = {} } = network;
	return {
		type,
		...(ip === undefined ? {} : { ip }),
		...(prefix === undefined ? {} : { prefix }),
		...(gateway === undefined ? {} : { gateway }),
		dns,
		default: defaults,
		cloudProperties,
	};
}

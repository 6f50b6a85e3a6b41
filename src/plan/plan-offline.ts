import type { Problem } from "../errors.ts";
import type { Cloud } from "../manifest/cloud.ts";
import type { Addon, Deployment, InstanceGroup, JobRef, ValueMap } from "../manifest/deployment.ts";
import { buildDesired } from "./build-desired.ts";
import type { DesiredInstance, NamedDisk } from "./desired.ts";
import { addonsOf } from "./group-jobs.ts";
import { linkQuery, queryName } from "./names.ts";
import { type ManifestLink, manifestLinks } from "./offline-links.ts";
import { placeInstances } from "./place.ts";

/** What only a deploy can know: which id an instance gets, which address the cloud chooses, which cloud it is, what a release holds. */
export interface Unknown {
	readonly unknown: "instance-id" | "address" | "cpi" | "release";
}

/** A first deploy as far as manifest and cloud file tell it. Sizes are MiB; values may hold ((references)) to generated variables. */
export interface OfflinePlan {
	readonly deployment: string;
	readonly instances: readonly OfflineInstance[];
	readonly instance_groups: readonly OfflineGroup[];
	readonly releases: readonly {
		readonly name: string;
		readonly version: string;
		readonly used: boolean;
		readonly url?: string;
	}[];
	readonly variables: readonly {
		readonly name: string;
		readonly type: string;
		readonly update_mode: string;
		readonly used: boolean;
		/** A value is taken over, so none is generated. */
		readonly imported: boolean;
	}[];
	readonly links: readonly ManifestLink[];
	readonly features: Readonly<Record<string, boolean>>;
	readonly tags: Readonly<Record<string, string>>;
	/** How many VMs compile packages at a time for each stemcell, at most. Absent: the instances' own do. */
	readonly compilation_vms?: number;
}

export interface OfflineInstance {
	readonly instance: string;
	readonly lifecycle: InstanceGroup["lifecycle"];
	readonly id: Unknown;
	readonly bootstrap: boolean;
	readonly az: string;
	readonly stemcell: string;
	readonly cpi: string | Unknown;
	readonly cloud_properties: Readonly<Record<string, unknown>>;
	readonly env: Readonly<Record<string, unknown>>;
	readonly networks: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
	readonly persistent_disk?: {
		readonly size: number;
		readonly cloud_properties: ValueMap;
		readonly file_system: string;
	};
	readonly persistent_disks?: readonly {
		readonly name: string;
		readonly size: number;
		readonly cloud_properties: ValueMap;
	}[];
}

interface OfflineGroup {
	readonly name: string;
	readonly instances: number;
	readonly vm_type?: string;
	/** MiB; which cloud properties they make, the CPI says. */
	readonly vm_resources?: { readonly cpu: number; readonly ram: number; readonly ephemeral_disk_size: number };
	readonly vm_extensions: readonly string[];
	readonly update: InstanceGroup["update"];
	readonly migrated_from: InstanceGroup["migratedFrom"];
	/** The name that all its instances answer to, by network. */
	readonly names: Readonly<Record<string, string>>;
	readonly jobs: readonly OfflineJob[];
}

interface OfflineJob {
	readonly name: string;
	readonly release: string;
	readonly addon?: string;
	readonly properties: ValueMap;
	/** Its own defaults, templates, packages and processes. */
	readonly contents: Unknown;
}

/**
 * The plan of a first deploy without a cloud and without a release at hand. `used` are the names of the variables that something refers
 * to, `imported` those that there are values for. Errands get their places after the services, as they do when they run.
 */
export function planOffline(
	deployment: Deployment,
	cloud: Cloud,
	{ used, imported }: { readonly used: ReadonlySet<string>; readonly imported: ReadonlySet<string> },
): { readonly plan: OfflinePlan; readonly problems: readonly Problem[] } {
	const taken = new Set<string>();
	const parts = (["service", "errand"] as const).map((lifecycle) => {
		const include = (group: InstanceGroup) => group.lifecycle === lifecycle;
		let placed = 0;
		const newId = () => `${lifecycle} ${placed++}`;
		const placement = placeInstances(deployment, cloud, [], { usedElsewhere: taken, newId, include });
		const [disks, nobody] = [[], () => undefined];
		const built = buildDesired({
			deployment,
			cloud,
			placement,
			disks,
			releases: new Map(),
			stemcell: nobody,
			vmResources: nobody,
			cgroups: nobody,
			linksElsewhere: () => "no such deployment",
		});
		for (const { placed: instance } of built.instances)
			for (const { ip } of Object.values(instance.networks)) if (ip !== undefined) taken.add(ip);
		return built;
	});
	const jobs = new Map(deployment.instanceGroups.map((group) => [group.name, jobsOf(group, deployment)]));
	const releases = new Set([...jobs.values()].flat().map(({ ref }) => ref.release));
	const links = manifestLinks(
		[...jobs].map(([group, uses]) => ({ group, jobs: uses.map(({ ref }) => ref) })),
		deployment.name,
	);
	const plan: OfflinePlan = {
		deployment: deployment.name,
		instances: parts.flatMap(({ instances }) => instances).map((instance) => shownInstance(instance, deployment)),
		instance_groups: deployment.instanceGroups.map((group) =>
			shownGroup(group, jobs.get(group.name) ?? [], deployment, cloud),
		),
		releases: deployment.releases.map(({ name, version, url }) => ({
			...{ name, version, used: releases.has(name) },
			...(url === undefined ? {} : { url }),
		})),
		variables: deployment.variables.map(({ name, type, updateMode }) => ({
			...{ name, type, update_mode: updateMode, used: used.has(name), imported: imported.has(name) },
		})),
		links: links.links,
		features: { ...deployment.features },
		tags: deployment.tags,
	};
	// Each half looks at the whole manifest: what both tell is told once.
	const told = new Map(
		[...parts.flatMap(({ problems }) => problems), ...links.problems].map((each) => [each.message, each]),
	);
	return { plan, problems: [...told.values()] };
}

interface GroupJob {
	readonly ref: JobRef;
	readonly addon?: Addon;
}

function jobsOf(group: InstanceGroup, deployment: Deployment): readonly GroupJob[] {
	const os = deployment.stemcells.find(({ alias }) => alias === group.stemcell)?.os ?? "";
	const added = addonsOf(group, deployment, os).flatMap((addon) => addon.jobs.map((ref) => ({ ref, addon })));
	return [...group.jobs.map((ref) => ({ ref })), ...added];
}

function shownInstance(
	{ name, group, placed, shape, disk, disks }: DesiredInstance,
	deployment: Deployment,
): OfflineInstance {
	const named = deployment.stemcells.find(({ alias }) => alias === group.stemcell);
	return {
		instance: name,
		lifecycle: group.lifecycle,
		id: { unknown: "instance-id" },
		bootstrap: placed.bootstrap,
		az: placed.az,
		stemcell: `${named?.os ?? named?.name}/${named?.version}`,
		cpi: shape.cpi === "" ? { unknown: "cpi" } : shape.cpi,
		cloud_properties: shape.cloudProperties,
		env: shape.env,
		networks: Object.fromEntries(
			Object.entries(shape.networks).map(([network, { ip, cloudProperties, ...rest }]) => [
				network,
				{ ...rest, ip: ip ?? { unknown: "address" }, cloud_properties: cloudProperties },
			]),
		),
		...(disk
			? {
					persistent_disk: { size: disk.sizeMib, cloud_properties: disk.cloudProperties, file_system: disk.fileSystem },
				}
			: {}),
		...(disks.length > 0 ? { persistent_disks: disks.map(shownDisk) } : {}),
	};
}

function shownDisk({ name, sizeMib, cloudProperties }: NamedDisk) {
	return { name, size: sizeMib, cloud_properties: cloudProperties };
}

function shownGroup(
	group: InstanceGroup,
	jobs: readonly GroupJob[],
	deployment: Deployment,
	cloud: Cloud,
): OfflineGroup {
	const azs = cloud.azs.map(({ name }) => name);
	const scheme = { deployment: deployment.name, features: deployment.features, azs };
	return {
		name: group.name,
		instances: group.instances,
		...(group.vmType === undefined ? {} : { vm_type: group.vmType }),
		...(group.vmResources ? { vm_resources: shownResources(group.vmResources) } : {}),
		vm_extensions: group.vmExtensions,
		update: group.update,
		migrated_from: group.migratedFrom,
		names: Object.fromEntries(
			group.networks.map(({ name }) => [name, queryName(linkQuery(scheme, { group: group.name }, name))]),
		),
		jobs: jobs.map(({ ref, addon }) => ({
			name: ref.name,
			release: ref.release,
			...(addon ? { addon: addon.name } : {}),
			properties: ref.properties ?? group.properties,
			contents: { unknown: "release" },
		})),
	};
}

function shownResources({ cpu, ramMib, ephemeralDiskMib }: NonNullable<InstanceGroup["vmResources"]>) {
	return { cpu, ram: ramMib, ephemeral_disk_size: ephemeralDiskMib };
}

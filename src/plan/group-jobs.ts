import type { Addon, AddonFilter, Deployment, InstanceGroup, JobRef } from "../manifest/deployment.ts";

/** The jobs of a group: its own, then those of each addon whose filters let it in. */
export function groupJobs(group: InstanceGroup, deployment: Deployment, stemcellOs: string): readonly JobRef[] {
	return [...group.jobs, ...addonsOf(group, deployment, stemcellOs).flatMap(({ jobs }) => jobs)];
}

/** The addons whose filters let the group in. */
export function addonsOf(group: InstanceGroup, deployment: Deployment, stemcellOs: string): readonly Addon[] {
	return deployment.addons.filter((addon) => applies(addon, group, deployment, stemcellOs));
}

/** Included and not excluded; an empty include lets all in, an empty exclude none. */
function applies(addon: Addon, group: InstanceGroup, deployment: Deployment, os: string): boolean {
	const matches = (filter: AddonFilter) => filterMatches(filter, group, deployment, os);
	return (!addon.include || matches(addon.include)) && !(addon.exclude && matches(addon.exclude));
}

/** AND across keys, OR within a list. */
function filterMatches(filter: AddonFilter, group: InstanceGroup, deployment: Deployment, os: string): boolean {
	const some = <T>(list: readonly T[] | undefined, test: (item: T) => boolean) => list === undefined || list.some(test);
	return (
		some(filter.stemcell, (stemcell) => stemcell.os === os) &&
		some(filter.deployments, (name) => name === deployment.name) &&
		some(filter.jobs, (job) => group.jobs.some(({ name, release }) => name === job.name && release === job.release)) &&
		some(filter.instanceGroups, (name) => name === group.name) &&
		some(filter.networks, (name) => group.networks.some((network) => network.name === name)) &&
		some(filter.azs, (az) => group.azs.includes(az)) &&
		(filter.lifecycle === undefined || filter.lifecycle === group.lifecycle)
	);
}

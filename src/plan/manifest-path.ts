import type { Deployment, InstanceGroup, JobRef } from "../manifest/deployment.ts";

/** Where a group stands in the manifest. */
export function pathOfGroup({ instanceGroups }: Deployment, group: InstanceGroup): string {
	return `/instance_groups/${instanceGroups.indexOf(group)}`;
}

/** Where a job stands in the manifest: in the group, or in the addon that brings it. */
export function pathOfJob(deployment: Deployment, group: InstanceGroup, ref: JobRef): string {
	const own = group.jobs.indexOf(ref);
	if (own >= 0) return `${pathOfGroup(deployment, group)}/jobs/${own}`;
	const { addons } = deployment;
	const addon = addons.findIndex(({ jobs }) => jobs.includes(ref));
	return `/addons/${addon}/jobs/${addons[addon]?.jobs.indexOf(ref)}`;
}

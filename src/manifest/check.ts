import type { Problem } from "../errors.ts";
import { checkStaticIp } from "./check-static-ip.ts";
import type { Cloud, Network } from "./cloud.ts";
import type { Deployment, InstanceGroup } from "./deployment.ts";
import type { Interpolated } from "./interpolate-manifest.ts";
import { suggest } from "./nearest.ts";
import { type Report, reportOn } from "./report.ts";
import { type NamedThing, unknownName } from "./unknown-name.ts";

/**
 * Whether the cloud file has what the deployment names: AZs, networks, VM types and extensions, disk types, subnets for the AZs,
 * addresses. Problems stand at the manifest's lines; those about addresses name the subnet's line as well.
 */
export function checkDeployment(
	deployment: Deployment,
	cloud: Cloud,
	files: { readonly manifest: Report["source"]; readonly cloud: Pick<Interpolated, "place"> },
): readonly Problem[] {
	const report = reportOn(files.manifest);
	deployment.instanceGroups.forEach((group, index) => {
		const path = `/instance_groups/${index}`;
		checkNames(group, path, cloud, report);
		group.networks.forEach((wanted, position) => {
			const at = `${path}/networks/${position}`;
			const network = cloud.networks.find(({ name }) => name === wanted.name);
			if (!network) {
				unknown("network", wanted.name, `${at}/name`, group, cloud.networks, report);
				return;
			}
			checkAzs(group, network, at, cloud, report);
			if (network.type === "vip" && network.subnets.length > 0 && wanted.staticIps.length > 0) {
				const message = `instance group "${group.name}": network "${network.name}" gives out addresses of its subnets, so it takes no static_ips`;
				report.error("vip-mixed", `${at}/static_ips`, message, "remove static_ips here, or the network's subnets");
				return;
			}
			wanted.staticIps.forEach((ip, entry) => {
				checkStaticIp(
					ip,
					`${at}/static_ips/${entry}`,
					{ group, network, index: cloud.networks.indexOf(network) },
					files.cloud,
					report,
				);
			});
		});
	});
	return report.problems;
}

type Named = { readonly name: string };

function checkNames(group: InstanceGroup, path: string, cloud: Cloud, report: Report): void {
	const has = (items: readonly Named[], name: string) => items.some((item) => item.name === name);
	group.azs.forEach((az, index) => {
		if (!has(cloud.azs, az)) unknown("AZ", az, `${path}/azs/${index}`, group, cloud.azs, report);
	});
	if (group.vmType !== undefined && !has(cloud.vmTypes, group.vmType)) {
		unknown("VM type", group.vmType, `${path}/vm_type`, group, cloud.vmTypes, report);
	}
	group.vmExtensions.forEach((name, index) => {
		if (!has(cloud.vmExtensions, name))
			unknown("VM extension", name, `${path}/vm_extensions/${index}`, group, cloud.vmExtensions, report);
	});
	group.persistentDisks.forEach(({ type }, index) => {
		if (!has(cloud.diskTypes, type))
			unknown("disk type", type, `${path}/persistent_disks/${index}/type`, group, cloud.diskTypes, report);
	});
	const disk = group.persistentDisk;
	if (disk && "type" in disk && !has(cloud.diskTypes, disk.type)) {
		unknown("disk type", disk.type, `${path}/persistent_disk_type`, group, cloud.diskTypes, report);
	}
}

function unknown(
	what: NamedThing,
	name: string,
	path: string,
	group: InstanceGroup,
	items: readonly Named[],
	report: Report,
): void {
	if (isReference(name)) return;
	const message = `instance group "${group.name}": the cloud file has no ${what} "${name}"`;
	report.error(
		unknownName[what],
		path,
		message,
		suggest(
			name,
			items.map((item) => item.name),
		),
	);
}

/** A variable without a value is told by itself; that nothing has its reference for a name is no news. */
function isReference(name: string): boolean {
	return name.includes("((");
}

/** Every AZ of the group needs a subnet; a subnet without AZs serves all. That there is no such AZ is told by itself. */
function checkAzs(group: InstanceGroup, network: Network, path: string, { azs }: Cloud, report: Report): void {
	if (network.subnets.length === 0 || network.subnets.some(({ azs }) => azs.length === 0)) return;
	const served = [...new Set(network.subnets.flatMap(({ azs }) => azs))];
	const name = `instance group "${group.name}"`;
	if (group.azs.length === 0) {
		const message = `${name} has no azs, but every subnet of network "${network.name}" belongs to AZs`;
		report.error("az-without-subnet", path, message, `give the group azs: [${served.join(", ")}], or some of them`);
	}
	for (const az of group.azs) {
		if (served.includes(az) || !azs.some(({ name }) => name === az)) continue;
		const message = `${name}: network "${network.name}" has no subnet in AZ "${az}"`;
		report.error(
			"az-without-subnet",
			path,
			message,
			`the network serves ${served.join(", ")}: add "${az}" to a subnet's azs, or take it from the group`,
		);
	}
}

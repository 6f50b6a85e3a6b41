import { checkCloudProperties } from "./check-cloud-properties.ts";
import { duplicates } from "./check-manifest.ts";
import type { Cloud } from "./cloud.ts";
import { suggest } from "./nearest.ts";
import type { Report } from "./report.ts";
import { type NamedThing, unknownName } from "./unknown-name.ts";

/** References inside a cloud file, and names that stand twice. That it names no CPI is a warning where it may lack one, else an error. */
export function checkCloud(cloud: Cloud, report: Report, cpiMayLack: boolean): void {
	duplicates("/azs", "AZ", cloud.azs, report);
	duplicates("/vm_types", "VM type", cloud.vmTypes, report);
	duplicates("/vm_extensions", "VM extension", cloud.vmExtensions, report);
	duplicates("/disk_types", "disk type", cloud.diskTypes, report);
	duplicates("/networks", "network", cloud.networks, report);
	duplicates("/cpis", "CPI", cloud.cpis, report);
	checkCpis(cloud, report, cpiMayLack);
	checkCloudProperties(cloud, report);
	cloud.networks.forEach((network, index) => {
		network.subnets.forEach((subnet, position) => {
			for (const az of subnet.azs) needAz(az, `/networks/${index}/subnets/${position}`, cloud, report);
		});
	});
	cloud.ssh.forEach((entry, index) => {
		const path = Array.isArray((report.source.value as { ssh?: unknown }).ssh) ? `/ssh/${index}` : "/ssh";
		for (const az of entry.azs) needAz(az, `${path}/azs`, cloud, report);
		if (entry.network !== undefined) need("network", entry.network, `${path}/network`, cloud.networks, report);
	});
	checkCompilation(cloud, report);
}

function checkCompilation(cloud: Cloud, report: Report): void {
	const { compilation } = cloud;
	if (!compilation) return;
	need("network", compilation.network, "/compilation/network", cloud.networks, report);
	if (compilation.az !== undefined) needAz(compilation.az, "/compilation/az", cloud, report);
	if (compilation.vmType !== undefined)
		need("VM type", compilation.vmType, "/compilation/vm_type", cloud.vmTypes, report);
	for (const name of compilation.vmExtensions) {
		need("VM extension", name, "/compilation/vm_extensions", cloud.vmExtensions, report);
	}
	const sizes = [
		...(compilation.vmType === undefined ? [] : ["vm_type"]),
		...(compilation.vmResources ? ["vm_resources"] : []),
		...(Object.keys(compilation.cloudProperties).length === 0 ? [] : ["cloud_properties"]),
	];
	if (sizes.length > 1)
		report.error(
			"vm-type",
			"/compilation",
			`compilation has ${sizes.join(" and ")}, which exclude each other`,
			"give it one of them",
		);
}

function checkCpis({ cpis, azs }: Cloud, report: Report, mayLack: boolean): void {
	if (cpis.length === 0) {
		report[mayLack ? "warn" : "error"](
			"no-cpi",
			"/cpis",
			"the cloud file does not say which cloud it is for",
			"add cpis: [{name: main, type: openstack, properties: {…}}]",
		);
		return;
	}
	azs.forEach(({ name, cpi }, index) => {
		if (cpi !== undefined) need("CPI", cpi, `/azs/${index}/cpi`, cpis, report);
		else if (cpis.length > 1) {
			const message = `AZ "${name}" names no cpi, and there are ${cpis.length}`;
			report.error(
				"az-without-cpi",
				`/azs/${index}`,
				message,
				`add cpi: ${cpis.map((entry) => entry.name).join(" or ")}`,
			);
		}
	});
}

function needAz(az: string, path: string, { azs }: Cloud, report: Report): void {
	need("AZ", az, path, azs, report);
}

function need(
	what: NamedThing,
	name: string,
	path: string,
	items: readonly { readonly name: string }[],
	report: Report,
): void {
	if (items.some((item) => item.name === name)) return;
	const names = items.map((item) => item.name);
	report.error(unknownName[what], path, `there is no ${what} "${name}"`, suggest(name, names));
}

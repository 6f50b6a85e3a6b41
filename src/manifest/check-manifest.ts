import type { Deployment, InstanceGroup, JobRef } from "./deployment.ts";
import { suggest } from "./nearest.ts";
import { nodeAt } from "./path.ts";
import type { Report } from "./report.ts";

/** Everything about a deployment that can be told without the cloud file: references inside it, duplicates, rules between keys. */
export function checkManifest(deployment: Deployment, report: Report): void {
	checkReleases(deployment, report);
	checkStemcells(deployment, report);
	duplicates("/instance_groups", "instance group", deployment.instanceGroups, report);
	duplicates("/addons", "addon", deployment.addons, report);
	duplicates("/variables", "variable", deployment.variables, report);
	deployment.instanceGroups.forEach((group, index) => {
		checkGroup(group, `/instance_groups/${index}`, deployment, report);
	});
	deployment.addons.forEach((addon, index) => {
		checkJobs(addon.jobs, `/addons/${index}/jobs`, deployment, report);
	});
	checkSharedAddresses(deployment, report);
}

/** Tells of names that stand twice in a list, at the later one. */
export function duplicates(
	path: string,
	what: string,
	items: readonly { readonly name: string }[],
	report: Report,
): void {
	const first = new Map<string, number>();
	items.forEach(({ name }, index) => {
		const former = first.get(name);
		if (former === undefined) first.set(name, index);
		else {
			const { file, line } = report.source.place(`${path}/${former}`);
			const at = `${path}/${index}/name`;
			const first = file === report.source.place(at).file ? `line ${line}` : `${file}:${line}`;
			const hint = `the first is at ${first}: rename or remove one`;
			report.error("duplicate-name", at, `the ${what} "${name}" stands here again`, hint);
		}
	});
}

function checkReleases({ releases }: Deployment, report: Report): void {
	duplicates("/releases", "release", releases, report);
	releases.forEach(({ name, version, url }, index) => {
		if (version === "create" && url === undefined) {
			report.error(
				"release-url",
				`/releases/${index}/version`,
				`release "${name}": version create needs a url`,
				"add url: with the release's folder",
			);
		}
	});
}

function checkStemcells({ stemcells }: Deployment, report: Report): void {
	duplicates(
		"/stemcells",
		"stemcell alias",
		stemcells.map(({ alias }) => ({ name: alias })),
		report,
	);
	stemcells.forEach(({ alias, os, name }, index) => {
		if ((os === undefined) === (name === undefined)) {
			report.error(
				"stemcell-os",
				`/stemcells/${index}`,
				`stemcell "${alias}" needs either os or name`,
				"give it os: (such as ubuntu-jammy)",
			);
		}
	});
}

function checkGroup(group: InstanceGroup, path: string, deployment: Deployment, report: Report): void {
	const name = `instance group "${group.name}"`;
	const aliases = deployment.stemcells.map(({ alias }) => alias);
	if (!aliases.includes(group.stemcell)) {
		report.error(
			"unknown-stemcell",
			`${path}/stemcell`,
			`${name}: there is no stemcell "${group.stemcell}"`,
			suggest(group.stemcell, aliases),
		);
	}
	if ((group.vmType === undefined) === (group.vmResources === undefined)) {
		report.error("vm-type", path, `${name} needs either vm_type or vm_resources`, "give it one of the two");
	}
	checkDisks(group, path, report);
	checkJobs(group.jobs, `${path}/jobs`, deployment, report);
	checkNetworkChoice(group, path, report);
}

const DISK_KEYS = ["persistent_disk", "persistent_disk_type", "persistent_disks"];

/** As BOSH refuses them (bosh-director, instance_group_spec_parser.rb); a name is also a file's on the VM. */
function checkDisks({ name, persistentDisks }: InstanceGroup, path: string, report: Report): void {
	const [first, ...more] = DISK_KEYS.filter((key) => nodeAt(report.source.node, `${path}/${key}`));
	if (more.length > 0) {
		const message = `instance group "${name}" has ${[first, ...more].join(" and ")}`;
		report.error("two-disks", `${path}/${first}`, message, "keep one of them");
	}
	duplicates(`${path}/persistent_disks`, "persistent disk", persistentDisks, report);
	persistentDisks.forEach((disk, index) => {
		if (/^\w[\w.-]*$/.test(disk.name)) return;
		const message = `instance group "${name}": the persistent disk ${JSON.stringify(disk.name)} can't be a file name on a VM`;
		const hint = "use letters, digits, dots, dashes and underscores";
		report.error("disk-name", `${path}/persistent_disks/${index}/name`, message, hint);
	});
}

function checkJobs(jobs: readonly JobRef[], path: string, { releases }: Deployment, report: Report): void {
	duplicates(path, "job", jobs, report);
	const known = releases.map(({ name }) => name);
	jobs.forEach((job, index) => {
		if (known.includes(job.release)) return;
		const message = `job "${job.name}": the release "${job.release}" is not listed under releases`;
		report.error("unknown-release", `${path}/${index}/release`, message, suggest(job.release, known));
	});
}

/** `default` of networks, and addresses against instances. */
function checkNetworkChoice(group: InstanceGroup, path: string, report: Report): void {
	const name = `instance group "${group.name}"`;
	if (group.networks.length === 0) {
		report.error(
			"no-network",
			`${path}/networks`,
			`${name} has no network`,
			"name at least one network of the cloud file",
		);
	}
	for (const property of ["dns", "gateway"] as const) {
		const chosen = group.networks.filter((network) => network.default.includes(property));
		if (chosen.length > 1 || (chosen.length === 0 && group.networks.length > 1)) {
			const message = `${name} has ${group.networks.length} networks, and ${chosen.length} of them have ${property} under default`;
			report.error("default-network", `${path}/networks`, message, "give exactly one of them default: [dns, gateway]");
		}
	}
	group.networks.forEach((network, index) => {
		const given = network.staticIps.length;
		if (given === 0 || given === group.instances) return;
		const message = `${name} has ${group.instances} instances, and ${given} static IPs on network "${network.name}"`;
		report.error(
			"static-ip-count",
			`${path}/networks/${index}/static_ips`,
			message,
			"give one address for each instance, or none",
		);
	});
}

/** One address may be given once in the whole deployment. */
function checkSharedAddresses({ instanceGroups }: Deployment, report: Report): void {
	const taken = new Map<string, { readonly group: string; readonly path: string }>();
	instanceGroups.forEach((group, index) => {
		group.networks.forEach((network, position) => {
			const path = `/instance_groups/${index}/networks/${position}/static_ips`;
			network.staticIps.forEach((ip, entry) => {
				const former = taken.get(`${network.name} ${ip}`);
				const at = nodeAt(report.source.node, `${path}/${entry}`) ? `${path}/${entry}` : path;
				if (!former) {
					taken.set(`${network.name} ${ip}`, { group: group.name, path: at });
					return;
				}
				const { file, line } = report.source.place(former.path);
				const message = `static IP ${ip} of instance group "${group.name}" (line ${report.source.place(at).line}) is also given to "${former.group}" (${file}:${line})`;
				report.error("shared-address", at, message, "give each instance an address of its own");
			});
		});
	});
}

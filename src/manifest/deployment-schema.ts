import { z } from "zod";
import { addon } from "./addon-schema.ts";
import type { Deployment, Features } from "./deployment.ts";
import { group } from "./group-schema.ts";
import { nodeAt } from "./path.ts";
import { release, resolveUrl, stemcell } from "./release-schema.ts";
import type { Report } from "./report.ts";
import { compact, flag, ignored, optional, section, text, textMap } from "./section.ts";
import { expandStaticIps } from "./static-ips.ts";
import { update } from "./update-schema.ts";
import { definitionsOf, variable } from "./variable-schema.ts";

const features = section(
	{
		converge_variables: optional(flag).describe(
			"true: variables whose definition changed are generated anew, as by update_mode: converge.",
		),
		randomize_az_placement: optional(flag).describe("Read and passed over: AZs are taken by name."),
		use_dns_addresses: optional(flag).describe("true: links carry names instead of addresses."),
		use_short_dns_addresses: optional(flag).describe("true: the short form q-….q-gN.bosh."),
		use_link_dns_names: optional(flag).describe("true: names of links instead of groups; it implies both."),
	},
	{ notYet: { use_tmpfs_config: "leave it out" } },
).transform((given): Features => {
	const links = given.use_link_dns_names ?? false;
	return {
		convergeVariables: given.converge_variables ?? false,
		randomizeAzPlacement: given.randomize_az_placement ?? false,
		useDnsAddresses: (given.use_dns_addresses ?? false) || links,
		useShortDnsAddresses: (given.use_short_dns_addresses ?? false) || links,
		useLinkDnsNames: links,
	};
});

const NO_FEATURES: Features = {
	convergeVariables: false,
	randomizeAzPlacement: false,
	useDnsAddresses: false,
	useShortDnsAddresses: false,
	useLinkDnsNames: false,
};

const CREATE_ENV =
	"this is a manifest for bosh create-env: write a deployment manifest (v2), and the cloud in the --cloud file";

/** A deployment manifest (bosh.io, manifest v2). */
export const deployment = section(
	{
		name: text.describe("The deployment's name; another name is another deployment."),
		releases: z.array(release).describe("Releases that the jobs come from."),
		stemcells: z.array(stemcell).describe("What the VMs boot."),
		update: update.describe("How instances are updated."),
		instance_groups: z.array(group).describe("Groups of like VMs, in the order of updates."),
		addons: optional(z.array(addon)).describe("Jobs for every group that their filters let in."),
		variables: optional(z.array(variable)).describe("Values that are generated once and kept."),
		features: optional(features).describe("Switches; each is false by default."),
		tags: optional(textMap).describe("Names and values put on all VMs at the cloud."),
		notes: optional(text).describe("Shown when a deploy ends."),
		manifest_version: ignored.describe("Read and passed over: for people."),
		director_uuid: ignored.describe("Read and passed over: there is no director."),
		properties: ignored.describe("Read and passed over: give properties to jobs."),
	},
	{
		notHere: {
			cloud_provider: CREATE_ENV,
			resource_pools: CREATE_ENV,
			disk_pools: CREATE_ENV,
			networks: "networks stand in the --cloud file",
			compilation: "compilation stands in the --cloud file",
			jobs: "write instance_groups (manifest v2)",
			azs: "azs stand in the --cloud file",
			vm_types: "vm_types stand in the --cloud file",
			disk_types: "disk_types stand in the --cloud file",
		},
	},
);

/** The deployment that a manifest of this form describes. Releases given by path are found from `folder`. */
export function assembleDeployment(given: z.output<typeof deployment>, folder: string, report: Report): Deployment {
	const chosen = given.features ?? NO_FEATURES;
	return {
		name: given.name,
		releases: given.releases.map((entry, index) => ({
			...entry,
			...writtenVersion(`/releases/${index}`, report),
			...compact({ url: entry.url === undefined ? undefined : resolveUrl(entry.url, folder) }),
		})),
		stemcells: given.stemcells.map((entry, index) => ({ ...entry, ...writtenVersion(`/stemcells/${index}`, report) })),
		update: given.update,
		instanceGroups: given.instance_groups.map((entry, index) => ({
			...entry,
			networks: expandStaticIps(entry.networks, `/instance_groups/${index}/networks`, report),
			update: { ...given.update, ...entry.update },
		})),
		addons: given.addons ?? [],
		variables: definitionsOf(given.variables, chosen.convergeVariables, report),
		features: chosen,
		tags: given.tags ?? {},
		...compact({ notes: given.notes }),
	};
}

/** A version that was written as a number and lost digits: messages name both spellings. */
function writtenVersion(path: string, report: Report): { readonly writtenVersion?: string } {
	const node = nodeAt(report.source.node, `${path}/version`);
	if (node?.kind !== "scalar" || node.source === undefined || node.source === String(node.value)) return {};
	return { writtenVersion: node.source };
}

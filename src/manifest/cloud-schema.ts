import { z } from "zod";
import type { Cloud } from "./cloud.ts";
import { vmResources } from "./group-schema.ts";
import { guestKeys, readGuests } from "./guests-schema.ts";
import { network, readNetwork } from "./network-schema.ts";
import type { Report } from "./report.ts";
import { compact, count, flag, ignored, names, optional, section, text, valueMap } from "./section.ts";
import { readSsh, ssh } from "./ssh-schema.ts";
import { readStemcellChoices, stemcellChoice } from "./stemcell-schema.ts";

/** The user that davit makes on a VM where the cloud file names none. */
const DEFAULT_LOGIN_USER = "davit";

const az = section({
	name: text.describe("The name that groups and subnets use."),
	cpi: optional(text).describe("A CPI by name; needed if there are several."),
	cloud_properties: optional(valueMap).describe("Properties of the cloud's CPI."),
});

const typed = section({
	name: text.describe("The name that instance groups use."),
	cloud_properties: optional(valueMap).describe(
		"Properties of the cloud's CPI; AZ, VM type and extensions are laid over one another.",
	),
}).transform(({ name, cloud_properties }) => ({
	name,
	cloudProperties: cloud_properties ?? {},
}));

const diskType = section({
	name: text.describe("The name that instance groups use."),
	disk_size: count.describe("Size in MiB."),
	cloud_properties: optional(valueMap).describe("Properties of the cloud's CPI."),
}).transform((given) => ({
	name: given.name,
	sizeMib: given.disk_size,
	cloudProperties: given.cloud_properties ?? {},
}));

const compilation = section({
	workers: z.int().min(1).describe("How many of them there are at a time for each stemcell, at most."),
	az: optional(text).describe("Their AZ."),
	network: text.describe("Their network: each takes a free address of it, until it is deleted."),
	vm_type: optional(text).describe("Their VM type; or give vm_resources or cloud_properties."),
	vm_extensions: optional(names).describe("Their VM extensions, the later over the earlier."),
	cloud_properties: optional(valueMap).describe("Their properties, without a VM type."),
	env: optional(valueMap).describe("What their agent is told, as with instance groups."),
	reuse_compilation_vms: optional(flag).describe(
		"Read and passed over: one VM compiles several packages, one after the other.",
	),
	orphan_workers: optional(flag).describe("Read and passed over: they are deleted when they have nothing left to do."),
	vm_resources: optional(vmResources).describe("What each needs; the cloud's fitting type is taken."),
}).transform((given) => ({
	workers: given.workers,
	network: given.network,
	cloudProperties: given.cloud_properties ?? {},
	vmExtensions: given.vm_extensions ?? [],
	env: given.env ?? {},
	...compact({ az: given.az, vmType: given.vm_type, vmResources: given.vm_resources }),
}));

const cpi = section(
	{
		name: text.describe("The name that AZs use."),
		type: text.describe("The IaaS, such as libvirt."),
		properties: optional(valueMap).describe("Address, credentials and defaults of the IaaS."),
	},
	{
		notYet: {
			exec_path: "name one of davit's own clouds as type",
			migrated_from: "keep the CPI's name as it was",
		},
	},
).transform(({ name, type, properties }) => ({ name, type, properties: properties ?? {} }));

/** A cloud file: cloud config, CPI config (`cpis:`) and the way in (`ssh:`). */
export const cloud = section(
	{
		azs: optional(z.array(az)).describe("Availability zones."),
		vm_types: optional(z.array(typed)).describe("Kinds of VMs."),
		vm_extensions: optional(z.array(typed)).describe("Properties that groups add to their VM type."),
		disk_types: optional(z.array(diskType)).describe("Kinds of persistent disks."),
		networks: z.array(network).describe("Networks with their addresses."),
		compilation: optional(compilation).describe(
			"The VMs that packages compile on with --compilation-vms; without it they compile on the deployment's own.",
		),
		cpis: optional(z.array(cpi)).describe("CPI config: clouds by name."),
		ssh: optional(ssh).describe("The way to the VMs."),
		stemcells: optional(z.array(stemcellChoice)).describe("Which image a manifest's stemcell is."),
		...guestKeys,
		properties: ignored.describe("Read and passed over: properties are a CPI's, under cpis."),
	},
	{
		notHere: {
			flags: "this is a deploy config: give the flags to davit deploy",
			rules: "this is a resurrection config: give it to davit watch --resurrection-config",
		},
	},
);

/** The cloud that a file of this form describes. */
export function assembleCloud(given: z.output<typeof cloud>, report: Report): Cloud {
	return {
		azs: (given.azs ?? []).map((entry) => ({
			name: entry.name,
			cloudProperties: entry.cloud_properties ?? {},
			...compact({ cpi: entry.cpi }),
		})),
		vmTypes: given.vm_types ?? [],
		vmExtensions: given.vm_extensions ?? [],
		diskTypes: given.disk_types ?? [],
		networks: given.networks.map((entry, index) => readNetwork(entry, `/networks/${index}`, report)),
		...compact({ compilation: given.compilation }),
		cpis: given.cpis ?? [],
		ssh: readSsh(given.ssh, DEFAULT_LOGIN_USER),
		stemcells: readStemcellChoices(given.stemcells),
		guests: readGuests(given),
	};
}

import { z } from "zod";
import type { GroupNetwork, InstanceGroup, UpdateConfig } from "./deployment.ts";
import { env } from "./env-schema.ts";
import { health } from "./health-schema.ts";
import { job } from "./job-schema.ts";
import { compact, count, names, optional, section, text, textMap, valueMap } from "./section.ts";
import { updatePart } from "./update-schema.ts";

/** An instance group before the deployment's `update:` is put under its own. `staticIps` are as written. */
export type GroupDraft = Omit<InstanceGroup, "update"> & { readonly update: Partial<UpdateConfig> };

const network = section(
	{
		name: text.describe("A network of the cloud file."),
		static_ips: optional(names).describe("One address for each instance: addresses, or ranges a-b."),
		default: optional(z.array(z.enum(["dns", "gateway", "addressable"]))).describe(
			"With several networks: which one gives the default gateway, DNS servers and the address that stands for the instance.",
		),
	},
	{ notYet: { nic_group: "each network gets a network card of its own" } },
).transform(
	(given): GroupNetwork => ({ name: given.name, staticIps: given.static_ips ?? [], default: given.default ?? [] }),
);

export const vmResources = section({
	cpu: z.int().min(1).describe("Processors."),
	ram: z.int().min(1).describe("Memory in MiB."),
	ephemeral_disk_size: z.int().min(1).describe("Ephemeral disk in MiB."),
}).transform(({ cpu, ram, ephemeral_disk_size }) => ({ cpu, ramMib: ram, ephemeralDiskMib: ephemeral_disk_size }));

const migratedFrom = section({
	name: text.describe("The group's former name."),
	az: optional(text).describe("The AZ of instances that had none."),
}).transform(({ name, az }) => ({
	name,
	...compact({ az }),
}));

const persistentDisk = section({
	name: text.describe("Its name in the group, by which jobs find it: letters, digits, `.`, `_` and `-`."),
	type: text.describe("A disk type of the cloud file."),
});

/** An instance group (bosh.io, manifest v2). Sizes are MiB. */
export const group = section(
	{
		name: text.describe("The group's name, unique in the deployment. To rename it, say migrated_from."),
		azs: optional(names).describe("AZs of the cloud file, over which the instances are spread."),
		instances: count.describe("How many of them; 0: none."),
		jobs: z.array(job).describe("Jobs that run on each instance."),
		vm_type: optional(text).describe("A VM type of the cloud file; or give vm_resources."),
		vm_resources: optional(vmResources).describe("What a VM needs; the cloud's fitting type is taken."),
		vm_extensions: optional(names).describe("VM extensions of the cloud file, the later over the earlier."),
		stemcell: text.describe("An alias from stemcells."),
		persistent_disk: optional(count).describe("Size of the persistent disk in MiB; 0: none."),
		persistent_disk_type: optional(text).describe("A disk type of the cloud file."),
		persistent_disks: optional(z.array(persistentDisk)).describe(
			"Several persistent disks, which the jobs themselves partition, format and mount: at /var/vcap/instance/disks/NAME there is a link to the device, and a job that consumes {name: NAME, type: disk} has the name as the link's property `name`. Where the cloud's disks are folders, as on `local`, it is mounted there.",
		),
		networks: z.array(network).describe("Networks that each instance has an address on, at least one."),
		update: optional(updatePart).describe("Overrides the deployment's update."),
		migrated_from: optional(z.array(migratedFrom)).describe("Former groups whose instances and disks it takes over."),
		lifecycle: optional(z.enum(["service", "errand"])).describe(
			"service (default), or errand: VMs only while it runs.",
		),
		env: optional(env).describe(
			"What the VMs' agent and their disks are told; other keys reach the agent of a BOSH stemcell.",
		),
		tags: optional(textMap).describe("Names and values put on the group's VMs at the cloud, over the deployment's."),
		health,
		properties: optional(valueMap).describe("Deprecated: for jobs that give none of their own."),
	},
	{
		notHere: {
			persistent_disk_pool: "write persistent_disk_type, and disk_types in the cloud file",
			resource_pool: "write vm_type and stemcell (manifest v2)",
			templates: "write jobs (manifest v2)",
		},
	},
).transform((given): GroupDraft => {
	const disk =
		given.persistent_disk_type !== undefined ? { type: given.persistent_disk_type } : sized(given.persistent_disk);
	return {
		name: given.name,
		azs: given.azs ?? [],
		instances: given.instances,
		jobs: given.jobs,
		...compact({ vmType: given.vm_type, vmResources: given.vm_resources, persistentDisk: disk, health: given.health }),
		persistentDisks: given.persistent_disks ?? [],
		vmExtensions: given.vm_extensions ?? [],
		stemcell: given.stemcell,
		networks: given.networks,
		update: given.update ?? {},
		migratedFrom: given.migrated_from ?? [],
		lifecycle: given.lifecycle ?? "service",
		env: given.env ?? {},
		tags: given.tags ?? {},
		properties: given.properties ?? {},
	};
});

/** 0 means no disk, as in BOSH. */
function sized(sizeMib: number | undefined) {
	return sizeMib === undefined || sizeMib === 0 ? undefined : { sizeMib };
}

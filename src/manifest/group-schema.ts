import { z } from "zod";
import type { GroupNetwork, InstanceGroup, UpdateConfig } from "./deployment.ts";
import { job } from "./job-schema.ts";
import { compact, count, names, optional, section, text, textMap, valueMap } from "./section.ts";
import { updatePart } from "./update-schema.ts";

/** An instance group before the deployment's `update:` is put under its own. `staticIps` are as written. */
export type GroupDraft = Omit<InstanceGroup, "update"> & { readonly update: Partial<UpdateConfig> };

const network = section(
	{
		name: text,
		static_ips: optional(names),
		default: optional(z.array(z.enum(["dns", "gateway", "addressable"]))),
	},
	{ notYet: { nic_group: "each network gets a network card of its own" } },
).transform(
	(given): GroupNetwork => ({ name: given.name, staticIps: given.static_ips ?? [], default: given.default ?? [] }),
);

const vmResources = section({
	cpu: z.int().min(1),
	ram: z.int().min(1),
	ephemeral_disk_size: z.int().min(1),
}).transform(({ cpu, ram, ephemeral_disk_size }) => ({ cpu, ramMib: ram, ephemeralDiskMib: ephemeral_disk_size }));

const migratedFrom = section({ name: text, az: optional(text) }).transform(({ name, az }) => ({
	name,
	...compact({ az }),
}));

/** An instance group (bosh.io, manifest v2). Sizes are MiB. */
export const group = section(
	{
		name: text,
		azs: optional(names),
		instances: count,
		jobs: z.array(job),
		vm_type: optional(text),
		vm_resources: optional(vmResources),
		vm_extensions: optional(names),
		stemcell: text,
		persistent_disk: optional(count),
		persistent_disk_type: optional(text),
		networks: z.array(network),
		update: optional(updatePart),
		migrated_from: optional(z.array(migratedFrom)),
		lifecycle: optional(z.enum(["service", "errand"])),
		env: optional(valueMap),
		tags: optional(textMap),
		properties: optional(valueMap),
	},
	{
		notYet: {
			persistent_disks: "use persistent_disk_type: a group has one persistent disk",
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
		...compact({ vmType: given.vm_type, vmResources: given.vm_resources, persistentDisk: disk }),
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

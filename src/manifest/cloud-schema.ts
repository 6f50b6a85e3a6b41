import { z } from "zod";
import type { Cloud } from "./cloud.ts";
import { guestKeys, readGuests } from "./guests-schema.ts";
import { network, readNetwork } from "./network-schema.ts";
import type { Report } from "./report.ts";
import { compact, count, flag, ignored, names, optional, section, text, valueMap } from "./section.ts";
import { readSsh, ssh } from "./ssh-schema.ts";
import { readStemcellChoices, stemcellChoice } from "./stemcell-schema.ts";

/** The user that davit makes on a VM where the cloud file names none. */
const DEFAULT_LOGIN_USER = "davit";

const az = section({ name: text, cpi: optional(text), cloud_properties: optional(valueMap) });

const typed = section({ name: text, cloud_properties: optional(valueMap) }).transform(({ name, cloud_properties }) => ({
	name,
	cloudProperties: cloud_properties ?? {},
}));

const diskType = section({ name: text, disk_size: count, cloud_properties: optional(valueMap) }).transform((given) => ({
	name: given.name,
	sizeMib: given.disk_size,
	cloudProperties: given.cloud_properties ?? {},
}));

const compilation = section(
	{
		workers: z.int().min(1),
		az: optional(text),
		network: text,
		vm_type: optional(text),
		vm_extensions: optional(names),
		cloud_properties: optional(valueMap),
		env: optional(valueMap),
		reuse_compilation_vms: optional(flag),
		orphan_workers: optional(flag),
	},
	{ notYet: { vm_resources: "name a vm_type" } },
).transform((given) => ({
	workers: given.workers,
	network: given.network,
	cloudProperties: given.cloud_properties ?? {},
	...compact({ az: given.az, vmType: given.vm_type, vmExtensions: given.vm_extensions, env: given.env }),
}));

const cpi = section(
	{ name: text, type: text, properties: optional(valueMap) },
	{
		notYet: {
			exec_path: "name one of davit's own clouds as type",
			migrated_from: "keep the CPI's name as it was",
		},
	},
).transform(({ name, type, properties }) => ({ name, type, properties: properties ?? {} }));

/** A cloud file: cloud config, CPI config (`cpis:`) and the way in (`ssh:`). */
export const cloud = section({
	azs: optional(z.array(az)),
	vm_types: optional(z.array(typed)),
	vm_extensions: optional(z.array(typed)),
	disk_types: optional(z.array(diskType)),
	networks: z.array(network),
	compilation: optional(compilation),
	cpis: optional(z.array(cpi)),
	ssh: optional(ssh),
	stemcells: optional(z.array(stemcellChoice)),
	...guestKeys,
	properties: ignored,
});

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

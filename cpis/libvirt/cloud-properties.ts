import { z } from "zod";
import { readCloudProperties } from "../../src/cpi/cloud-properties.ts";
import type { CloudProperties } from "../../src/cpi/cpi.ts";

const mib = z.int().positive();

/** Names as in the BOSH VirtualBox CPI (cpus, memory, ephemeral_disk), and `root_disk.size` as in the AWS CPI; sizes in MiB. */
const vm = z.object({
	host: z.string().optional(),
	cpus: z.int().min(1).default(1),
	memory: mib.default(512),
	ephemeral_disk: z.int().min(0).default(5000),
	/** Default: the image's own size. */
	root_disk: z.object({ size: mib }).optional(),
	/** Default: what the processor's kind usually has. */
	firmware: z.enum(["bios", "efi"]).optional(),
});

const network = z
	.object({
		/** One of libvirt's networks. */
		name: z.string().min(1).optional(),
		/** A bridge of the host's. */
		bridge: z
			.string()
			.regex(/^[^\s/]{1,15}$/, "an interface's name has at most 15 characters")
			.optional(),
		mtu: z.int().min(576).max(65_535).optional(),
	})
	.check(({ value, issues }) => {
		if (value.name !== undefined && value.bridge !== undefined)
			issues.push({ code: "custom", input: value, path: ["bridge"], message: "give name or bridge, not both" });
	});

const disk = z.object({ host: z.string().optional(), format: z.enum(["qcow2", "raw"]).default("qcow2") });

const image = z.object({
	/** A light stemcell: a volume of the host's pool (or of `pool`), or the path of a volume in any pool. */
	volume: z.string().min(1).optional(),
	pool: z.string().min(1).optional(),
	path: z.string().startsWith("/").optional(),
});

const reader =
	<Schema extends z.ZodObject>(schema: Schema) =>
	(given: CloudProperties, operation: string, what: string): z.output<Schema> =>
		readCloudProperties(schema, given, { iaas: "libvirt", operation, what, others: ["cpu"] });

export const readVmProperties = reader(vm);
export const readNetworkProperties = reader(network);
export const readDiskProperties = reader(disk);
export const readImageProperties = reader(image);
export type VmProperties = z.output<typeof vm>;

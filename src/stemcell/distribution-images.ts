import { z } from "zod";

const name = z.string().min(1);
const awsAccount = z.string().regex(/^\d{12}$/, "an AWS account has twelve digits");

/** Clouds where the operator brings the image: the distribution publishes a file for them at most. */
const brought = z
	.record(z.string(), z.unknown())
	.refine(() => false, "no distribution has images of its own there: give file and from, or none");

/**
 * Cloud properties that name a distribution's own image, by IaaS. In names `*` stands for any text; of several images that fit, the newest
 * is meant.
 */
export const distributionImages: Readonly<Record<string, z.ZodType<Record<string, unknown>>>> = {
	openstack: brought,
	vsphere: brought,
	/** `owners`: one account for each partition. */
	aws: z.strictObject({ owners: z.array(awsAccount).min(1), name, architecture: z.enum(["x86_64", "arm64"]) }),
	gcp: z.strictObject({ project: name, family: name }),
	azure: z.strictObject({ image: z.strictObject({ publisher: name, offer: name, sku: name, version: name }) }),
	naver: z.strictObject({ server_image_name: name, hypervisor_type: z.enum(["KVM"]) }),
	nhn: z.strictObject({ image_name: name }),
	kt: z.strictObject({ image_name: name }),
	cloudstack: brought,
	alicloud: z.strictObject({ owner_alias: z.enum(["system"]), name, architecture: z.enum(["x86_64", "arm64"]) }),
	libvirt: brought,
};

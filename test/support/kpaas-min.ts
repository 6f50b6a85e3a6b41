import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

/** The published manifest of the 4- and 7-VM platform is not ours to ship: DAVIT_CASES names the folder that holds kpaas-min/. */
export const kpaasMin = join(process.env.DAVIT_CASES ?? "", "kpaas-min");

/** Why its tests are skipped; undefined where they run. */
export const kpaasMinMissing =
	process.env.DAVIT_CASES !== undefined && existsSync(kpaasMin)
		? undefined
		: "DAVIT_CASES does not name a folder that holds kpaas-min/";

/** One way in which its operators deploy it. */
export interface Recipe {
	readonly iaas: "openstack" | "aws" | "gcp" | "vsphere";
	readonly vms: 4 | 7;
	/** Ops files by name, in order. */
	readonly ops: readonly string[];
	/** Networks that the manifest wants and the published cloud config lacks. */
	readonly lacks: readonly string[];
}

const publicNetwork = "min-use-router-public-network";
const end = ["min-use-postgres", "min-rename-network-and-deployment"];
const seven = ["min-create-vm-singleton-blobstore", "min-create-vm-tcp-router", "min-use-haproxy"];
const sevenEnd = [...end, "min-option-network-and-deployment", "min-cce"];

const haproxy = "use-haproxy-public-network";

export const recipes: readonly Recipe[] = [
	{ iaas: "openstack", vms: 4, ops: ["min-openstack", publicNetwork, ...end, "min-cce"], lacks: [] },
	{ iaas: "aws", vms: 4, ops: ["min-aws", publicNetwork, `${publicNetwork}-aws`, ...end, "min-cce"], lacks: [] },
	{ iaas: "gcp", vms: 4, ops: [publicNetwork, ...end, "min-cce"], lacks: [] },
	{ iaas: "vsphere", vms: 4, ops: [publicNetwork, `${publicNetwork}-vsphere`, ...end, "min-cce"], lacks: ["vip"] },
	{ iaas: "openstack", vms: 7, ops: ["min-openstack", ...seven, haproxy, ...sevenEnd], lacks: [] },
	{ iaas: "aws", vms: 7, ops: ["min-aws", ...seven, haproxy, ...sevenEnd], lacks: [] },
	{ iaas: "gcp", vms: 7, ops: [...seven, haproxy, ...sevenEnd], lacks: [] },
	{ iaas: "vsphere", vms: 7, ops: [...seven, `${haproxy}-vsphere`, ...sevenEnd], lacks: ["private", "vip"] },
];

/** The arguments of `int`, `plan` and `deploy` for a recipe, but for the cloud file. */
export function recipeArguments({ ops }: Recipe): readonly string[] {
	return [
		join(kpaasMin, "min-ap-deployment.yml"),
		...ops.flatMap((name) => ["-o", join(kpaasMin, `operations/${name}.yml`)]),
		...["min-vars", "common_vars"].flatMap((name) => ["-l", join(kpaasMin, `${name}.yml`)]),
	];
}

/** The recipe's published cloud config. */
export function recipeCloud({ iaas }: Recipe): string {
	return join(kpaasMin, `cloud-config/${iaas}-cloud-config.yml`);
}

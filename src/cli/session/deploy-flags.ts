import type { VariableDefinition } from "../../manifest/deployment.ts";
import { type CliContext, type Options, texts } from "../command.ts";
import type { DeployFlags } from "./deploy.ts";
import { importedVariables, varsStoreOption } from "./imported-variables.ts";
import { stemcellOption } from "./stemcells.ts";

/** Options that say what a plan is to hold. */
export const planOptions = [
	varsStoreOption,
	{ flags: "--fix", about: "recreate VMs that don't answer" },
	{ flags: "--recreate", about: "recreate all VMs; persistent disks are kept" },
	{ flags: "--fix-releases", about: "accept a release whose content changed under the same version" },
	{
		flags: "--compilation-vms",
		about: "compile packages on VMs of the cloud file's compilation block, not on the deployment's own",
	},
	{ flags: "--snapshots", about: "keep the persistent disks of instances that change as they are, in snapshots" },
	{
		flags: "--skip-drain <group>",
		about: "pass over the drain scripts of a group (* for all); repeatable",
		repeat: true,
	},
] as const;

/** Options of `deploy` and `plan`. */
export const deployOptions = [stemcellOption, ...planOptions] as const;

/** What these options ask for. Throws a UserError if the vars store can't be read. */
export async function deployFlags(
	definitions: readonly VariableDefinition[],
	options: Options,
	context: CliContext,
): Promise<DeployFlags> {
	return {
		fix: options.fix === true,
		recreate: options.recreate === true,
		restart: false,
		imported: await importedVariables(definitions, options, context),
		fixReleases: options.fixReleases === true,
		skipDrain: new Set(texts(options, "skipDrain")),
		snapshots: options.snapshots === true,
		compilationVms: options.compilationVms === true,
		refresh: options.refresh !== false,
	};
}

import type { VariableDefinition } from "../../manifest/deployment.ts";
import { type CliContext, type Options, text, texts } from "../command.ts";
import type { DeployFlags } from "./deploy.ts";
import { importedVariables, varsStoreOption } from "./imported-variables.ts";
import { stemcellOption } from "./stemcells.ts";
import { timeOf } from "./time-of.ts";

/** Options that say what a plan is to hold. */
export const planOptions = [
	varsStoreOption,
	{ flags: "--fix", about: "recreate VMs that don't answer" },
	{ flags: "--recreate", about: "recreate all VMs; persistent disks are kept" },
	{
		flags: "--recreate-vms-created-before <time>",
		about: "recreate VMs that were made before it, as in 2026-11-28T09:30:00Z",
	},
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
	const createdBefore = timeOf(text(options, "recreateVmsCreatedBefore"), "--recreate-vms-created-before");
	return {
		fix: options.fix === true,
		recreate: options.recreate === true || createdBefore !== undefined,
		createdBefore,
		restart: false,
		imported: await importedVariables(definitions, options, context),
		fixReleases: options.fixReleases === true,
		skipDrain: new Set(texts(options, "skipDrain")),
		snapshots: options.snapshots === true,
		compilationVms: options.compilationVms === true,
		refresh: options.refresh !== false,
	};
}

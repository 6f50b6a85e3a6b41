import type { Command } from "../command.ts";
import { adoptDeployment } from "../session/adopt.ts";
import { storeOption } from "../session/adopt-find.ts";
import { privateKeyOption } from "../session/adopt-login.ts";
import { newVariablesOption } from "../session/adopt-variables.ts";
import { varsStoreOption } from "../session/imported-variables.ts";
import { manifestOptions } from "../session/inputs.ts";
import { configOptions } from "../session/manifest.ts";
import { stemcellOption } from "../session/stemcells.ts";

export const command: Command = {
	arguments: "<manifest>",
	options: [
		...manifestOptions,
		...configOptions,
		stemcellOption,
		privateKeyOption,
		varsStoreOption,
		newVariablesOption,
		storeOption,
		{ flags: "--fix", about: "leave out VMs that don't answer: the next deploy deletes them and makes others" },
		{ flags: "-n, --non-interactive", about: "don't ask; consent to what is shown" },
	],
	help: `For when the state store is lost and there is no backup of it (davit state backup). Finds the deployment's VMs and disks at the clouds, asks each VM
which instance it is and what it runs, shows what it would record and what the next deploy would then do, and asks. It changes nothing at the clouds
and on the VMs; the state store, which must be a new one, becomes the lost one, all at once.

It needs the manifest and cloud files of the last deploy, a key that the VMs let in, and the values of generated variables. The key that encrypts
variables may be another: then jobs are compared with what they render to by now.`,
	run: async ([manifest], options, context) => {
		await adoptDeployment(String(manifest), options, context);
		return 0;
	},
};

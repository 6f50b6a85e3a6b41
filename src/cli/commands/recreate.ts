import { type Command, text } from "../command.ts";
import { changeable, TURNS_HELP, turnOptions } from "../session/change-state.ts";
import { bringUp, withChosenInstances } from "../session/chosen-instances.ts";
import { consentOption } from "../session/confirm.ts";
import { deploymentOption } from "../session/store.ts";
import { timeOf } from "../session/time-of.ts";

export const command: Command = {
	arguments: "[instances]",
	options: [
		deploymentOption,
		{ flags: "--fix", about: "recreate VMs that don't answer too" },
		{
			flags: "--vms-created-before <time>",
			about: "only VMs made before it, as in 2026-11-28T09:30:00Z; the others are not given new ones",
		},
		{ flags: "--skip-drain", about: "pass over the drain scripts" },
		{ flags: "--dry-run", about: "show what would be done" },
		...turnOptions,
		consentOption,
	],
	help: `Gives instances (GROUP, GROUP/INDEX or GROUP/UUID; all, if none is named) new VMs, canaries first; persistent disks are kept, and so are addresses but
under vm_strategy: create-swap-delete. What is stopped stays stopped. ${TURNS_HELP}`,
	run: async ([selector], options, context) => {
		const createdBefore = timeOf(text(options, "vmsCreatedBefore"), "--vms-created-before");
		await withChosenInstances("recreate", selector, options, context, async (run, chosen) => {
			await bringUp(
				run,
				changeable(run, chosen),
				{ recreate: true, createdBefore, fix: options.fix === true },
				options,
			);
		});
		return 0;
	},
};

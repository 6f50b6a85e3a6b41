import type { Command } from "../command.ts";
import { setIgnored } from "../session/change-state.ts";
import { withChosenInstances } from "../session/chosen-instances.ts";
import { deploymentOption } from "../session/store.ts";

export const command: Command = {
	arguments: "<instances>",
	options: [deploymentOption],
	help: "No command and no deploy changes ignored instances (GROUP, GROUP/INDEX or GROUP/UUID), until davit unignore; one that would delete them is refused.",
	run: async ([selector], options, context) => {
		await withChosenInstances("ignore", selector, options, context, (run, chosen) => setIgnored(run, chosen, true));
		return 0;
	},
};

import type { Command } from "../command.ts";
import { setIgnored } from "../session/change-state.ts";
import { withChosenInstances } from "../session/chosen-instances.ts";
import { deploymentOption } from "../session/store.ts";

export const command: Command = {
	arguments: "<instances>",
	options: [deploymentOption],
	help: "Instances (GROUP, GROUP/INDEX or GROUP/UUID) are changed by deploys and commands again.",
	run: async ([selector], options, context) => {
		await withChosenInstances("unignore", selector, options, context, (run, chosen) => setIgnored(run, chosen, false));
		return 0;
	},
};

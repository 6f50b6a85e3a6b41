import type { Command } from "../command.ts";
import { changeable, TURNS_HELP, turnOptions, want } from "../session/change-state.ts";
import { bringUp, withChosenInstances } from "../session/chosen-instances.ts";
import { deploymentOption } from "../session/store.ts";

export const command: Command = {
	arguments: "[instances]",
	options: [deploymentOption, ...turnOptions],
	help: `Starts instances (GROUP, GROUP/INDEX or GROUP/UUID; all, if none is named) that davit stop has stopped, with a new VM where theirs was deleted, as the
last deploy's manifest wants them. ${TURNS_HELP}`,
	run: async ([selector], options, context) => {
		await withChosenInstances("start", selector, options, context, async (run, chosen) => {
			const own = changeable(run, chosen);
			await want(run, own, "started");
			await bringUp(run, own, {}, options);
		});
		return 0;
	},
};

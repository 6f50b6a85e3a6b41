import type { Command } from "../command.ts";
import { changeable, TURNS_HELP, turnOptions, want } from "../session/change-state.ts";
import { bringUp, withChosenInstances } from "../session/chosen-instances.ts";
import { deploymentOption } from "../session/store.ts";

export const command: Command = {
	arguments: "[instances]",
	options: [deploymentOption, { flags: "--skip-drain", about: "pass over the drain scripts" }, ...turnOptions],
	help: `Stops and starts all jobs of instances (GROUP, GROUP/INDEX or GROUP/UUID; all, if none is named) in BOSH's order, canaries first; those that were
stopped are started. ${TURNS_HELP}`,
	run: async ([selector], options, context) => {
		await withChosenInstances("restart", selector, options, context, async (run, chosen) => {
			const own = changeable(run, chosen);
			await want(run, own, "started");
			await bringUp(run, own, { restart: true }, options);
		});
		return 0;
	},
};

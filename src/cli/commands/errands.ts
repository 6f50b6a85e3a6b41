import type { Command } from "../command.ts";
import { errandsOf } from "../session/errands.ts";
import { withDeployment } from "../session/recorded.ts";
import { deploymentOption } from "../session/store.ts";

export const command: Command = {
	arguments: "",
	options: [deploymentOption],
	help: "What davit run-errand runs: jobs with bin/run on the instances that have them, and instance groups with lifecycle: errand on VMs of their own.",
	run: async (_, options, context) => {
		await withDeployment(options, context, async ({ records, inputs }) => {
			const rows = errandsOf(records, inputs.deployment);
			context.emit({ type: "table", name: "errands", columns: ["errand", "runs_on"], rows });
		});
		return 0;
	},
};

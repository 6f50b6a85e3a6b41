import { problem, UserError } from "../../errors.ts";
import type { InstanceName } from "../../plan/step.ts";
import type { Command } from "../command.ts";
import { prepareStop, TURNS_HELP, turnOptions } from "../session/change-state.ts";
import { applyChosen, withChosenInstances } from "../session/chosen-instances.ts";
import { askConsent, consentOption, diskIsKept } from "../session/confirm.ts";
import type { DeploymentRun } from "../session/deployment-run.ts";
import { deploymentOption } from "../session/store.ts";

export const command: Command = {
	arguments: "[instances]",
	options: [
		deploymentOption,
		{ flags: "--soft", about: "stop the jobs and keep the VMs: the default" },
		{ flags: "--hard", about: "delete the VMs too; persistent disks are kept" },
		{ flags: "--skip-drain", about: "pass over the drain scripts" },
		...turnOptions,
		consentOption,
	],
	help: `Stops the jobs of instances (GROUP, GROUP/INDEX or GROUP/UUID; all, if none is named) in BOSH's order, canaries first. They stay stopped,
whatever is deployed, until davit start. It needs no release. ${TURNS_HELP}`,
	run: async ([selector], options, context) => {
		const hard = options.hard === true;
		if (options.soft === true && hard)
			throw new UserError(problem("usage", "--soft and --hard exclude each other"), { exitCode: 64 });
		await withChosenInstances("stop", selector, options, context, async (run, chosen) => {
			const lines = hard
				? chosen.map((name) => `the VM of ${name} is deleted${diskIsKept(run.records.get(name))}`)
				: wholeGroups(run, chosen).map((group) => `all instances of ${group} are stopped`);
			await askConsent(lines, context, options.nonInteractive === true);
			await applyChosen(run, await prepareStop(run, chosen, { hard, skipDrain: options.skipDrain === true }));
		});
		return 0;
	},
};

/** Groups of which nothing is left running. */
function wholeGroups({ records }: DeploymentRun, chosen: readonly InstanceName[]): readonly string[] {
	const running = records.instances().filter(({ wanted }) => wanted === "started");
	const left = new Set(running.flatMap(({ group, index }) => (chosen.includes(`${group}/${index}`) ? [] : [group])));
	return [...new Set(running.map(({ group }) => group))].filter((group) => !left.has(group));
}

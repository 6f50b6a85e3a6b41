import { problem, UserError } from "../../errors.ts";
import type { Command } from "../command.ts";
import { applyChosen } from "../session/chosen-instances.ts";
import { askConsent, consentOption, diskIsKept } from "../session/confirm.ts";
import { chosenVm, prepareDeleteVm } from "../session/delete-vm.ts";
import type { DeploymentRun } from "../session/deployment-run.ts";
import { withRecordedRun } from "../session/recorded-run.ts";
import { deploymentOption } from "../session/store.ts";

export const command: Command = {
	arguments: "<vm>",
	options: [deploymentOption, { flags: "--skip-drain", about: "pass over its drain scripts" }, consentOption],
	help: `Deletes one VM (its cid, as davit vms shows it, or its instance). Its jobs are stopped first if it answers; its persistent disk and
addresses are kept, and the next deploy makes another. davit stop --hard is for a VM that shall stay away.`,
	run: async ([given], options, context) => {
		await withRecordedRun("delete-vm", options, context, (run) =>
			deleteVm(run, String(given), {
				skipDrain: options.skipDrain === true,
				consent: options.nonInteractive === true,
			}),
		);
		return 0;
	},
};

async function deleteVm(
	run: DeploymentRun,
	given: string,
	{ skipDrain, consent }: { readonly skipDrain: boolean; readonly consent: boolean },
): Promise<void> {
	const { records, context } = run;
	const vm = chosenVm(run, given);
	const { cid, instance } = vm;
	const record = instance === undefined ? undefined : records.get(instance);
	if (record?.ignore)
		throw new UserError(
			problem("ignored", `${instance} is ignored`, { hint: `davit unignore ${instance} lets it be changed` }),
		);
	const prepared = await prepareDeleteVm(run, vm, skipDrain);
	const whose = instance === undefined ? "which nobody recorded" : `of ${instance}`;
	await askConsent([`VM ${cid} ${whose} is deleted${diskIsKept(record ?? {})}`], context, consent);
	await applyChosen(run, prepared);
}

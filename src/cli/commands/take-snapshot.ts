import { applyPlan } from "../../apply/apply.ts";
import { problem, UserError } from "../../errors.ts";
import type { StepData } from "../../plan/instance-steps.ts";
import { linked } from "../../plan/linked.ts";
import { disksOf } from "../../plan/named-disks.ts";
import type { Command } from "../command.ts";
import { applyContext } from "../session/apply-context.ts";
import { withChosenInstances } from "../session/chosen-instances.ts";
import { refuseUnableClouds } from "../session/snapshots.ts";
import { deploymentOption } from "../session/store.ts";

export const command: Command = {
	arguments: "[instances]",
	options: [deploymentOption],
	help: `Keeps what is on the persistent disks of instances (GROUP, GROUP/INDEX or GROUP/UUID; all, if none is named) at this moment, in snapshots at the
cloud. Jobs run on meanwhile: what they have not written yet is not in it. davit deploy --snapshots takes them while jobs are stopped.`,
	run: async ([selector], options, context) => {
		await withChosenInstances("take-snapshot", selector, options, context, async (run, chosen) => {
			const disks = chosen.flatMap((instance) => {
				const record = run.records.get(instance);
				return disksOf(record).flatMap((each) => {
					const cpi = record.vm?.cpi ?? run.records.disk(each.disk)?.cpi;
					return cpi ? [{ instance, step: { kind: "snapshot-disk", ...each, cpi } satisfies StepData }] : [];
				});
			});
			if (disks.length === 0) throw new UserError(problem("no-disk", "none of these instances has a persistent disk"));
			const deployment = run.inputs.deployment.name;
			const steps = disks.flatMap(({ instance, step }) => linked([step], instance, []));
			const plan = { deployment, steps, changes: [] };
			refuseUnableClouds(plan, run.cpis);
			await applyPlan(plan, applyContext({ ...run, desired: [], releases: new Map() }));
			context.emit({ type: "note", text: "davit snapshots lists them" });
		});
		return 0;
	},
};

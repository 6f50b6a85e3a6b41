import { applyPlan } from "../../apply/apply.ts";
import { problem, UserError } from "../../errors.ts";
import { planDelete } from "../../plan/plan-delete.ts";
import { type Command, type Options, text } from "../command.ts";
import { askConsent, consentOption } from "../session/confirm.ts";
import { deletePieces } from "../session/delete.ts";
import { ignoredProblems } from "../session/deploy-plan.ts";
import type { DeploymentRun } from "../session/deployment-run.ts";
import { withRecordedRun } from "../session/recorded-run.ts";
import { snapshotsOf } from "../session/snapshots.ts";
import { deploymentOption } from "../session/store.ts";

export const command: Command = {
	arguments: "[deployment]",
	options: [deploymentOption, consentOption, { flags: "--skip-drain", about: "pass over all drain scripts" }],
	help: "Persistent disks are kept, orphaned: davit disks --orphaned lists them. Generated variables are kept too.",
	run: async ([given], options, context) => {
		const wanted = typeof given === "string" ? given : text(options, "deployment");
		if (wanted?.includes("/")) {
			throw new UserError(
				problem("not-a-deployment", `${wanted} is an instance, and this command deletes whole deployments`, {
					hint: "name a deployment",
				}),
				{ exitCode: 64 },
			);
		}
		const named = wanted === undefined ? options : { ...options, deployment: wanted };
		await withRecordedRun("delete-deployment", named, context, (run) => deleteDeployment(run, options));
		return 0;
	},
};

async function deleteDeployment(run: DeploymentRun, options: Options): Promise<void> {
	const { context, records } = run;
	const { name } = run.inputs.deployment;
	const ignored = ignoredProblems(records.instances());
	if (ignored.length > 0) throw new UserError(ignored);
	const pieces = await deletePieces(run);
	const plan = planDelete({ deployment: name, ...pieces.input, skipDrain: options.skipDrain === true, forget: true });
	const lines = plan.changes.map(({ instance }) => `${instance} is deleted`);
	const kept = keptSnapshots((await snapshotsOf(name, { ...run, signal: context.signal })).length);
	await askConsent([`deployment ${name} is deleted`, ...lines, ...kept], context, options.nonInteractive === true);
	context.emit({ type: "plan", deployment: name, steps: plan.steps.length, changes: lines });
	for (const text of kept) context.emit({ type: "note", text });
	await applyPlan(plan, pieces.applyContext);
	context.emit({ type: "note", text: `${name}: deleted` });
	const disks = records.disks().map(({ cid }) => cid);
	if (disks.length > 0)
		context.emit({
			type: "note",
			text: `Kept, orphaned: ${disks.join(", ")}. davit disks --orphaned lists them, davit attach-disk gives one to an instance; a deploy of the same name takes none by itself.`,
		});
}

/** Nobody lists them once the deployment is gone. */
function keptSnapshots(count: number): readonly string[] {
	if (count === 0) return [];
	const what = count === 1 ? "1 snapshot of its disks is kept" : `${count} snapshots of its disks are kept`;
	return [`${what} at the cloud; davit delete-snapshot --all, before this, deletes such`];
}

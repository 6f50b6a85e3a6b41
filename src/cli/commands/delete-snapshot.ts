import { type Deletion, deleteResources } from "../../apply/delete-resources.ts";
import { problem, UserError } from "../../errors.ts";
import type { Command } from "../command.ts";
import { askConsent, consentOption } from "../session/confirm.ts";
import type { Cpis } from "../session/cpis.ts";
import { deletionLine } from "../session/deletions.ts";
import { withRecordedRun } from "../session/recorded-run.ts";
import { type Snapshot, shownSnapshot, snapshotsOf } from "../session/snapshots.ts";
import { actor, deploymentOption } from "../session/store.ts";

export const command: Command = {
	arguments: "[snapshot-cid]",
	options: [deploymentOption, { flags: "--all", about: "all snapshots of the deployment" }, consentOption],
	help: "Deletes a snapshot, or all of the deployment's, for good. Its disk is not touched.",
	run: async ([cid], options, context) => {
		if ((cid === undefined) === (options.all !== true))
			throw new UserError(problem("usage", "name one snapshot, or --all", { hint: "davit snapshots lists them" }), {
				exitCode: 64,
			});
		await withRecordedRun("delete-snapshot", options, context, async (run) => {
			const all = await snapshotsOf(run.inputs.deployment.name, { ...run, signal: run.context.signal });
			const chosen = cid === undefined ? all : all.filter(({ resource }) => resource.cid === cid);
			if (cid !== undefined && chosen.length === 0)
				throw new UserError(
					problem("no-snapshot", `there is no snapshot "${cid}"`, { hint: "davit snapshots lists them" }),
				);
			const deletions = chosen.map((snapshot) => snapshotDeletion(snapshot, run.cpis));
			await askConsent(deletions.map(deletionLine), run.context, options.nonInteractive === true);
			const { store, lease, task, context: own } = run;
			const { clock, emit, signal } = own;
			const deployment = run.inputs.deployment.name;
			await deleteResources(deletions, { deployment, store, lease, task, actor: actor(), clock, emit, signal });
		});
		return 0;
	},
};

function snapshotDeletion(snapshot: Snapshot, cpis: Cpis): Deletion {
	const { snapshot_cid: cid, instance, created_at: at } = shownSnapshot(snapshot);
	const { cpi } = snapshot;
	return { kind: "snapshot", cid, cpi, at: cpis.get(cpi), title: `snapshot ${cid} of ${instance} (${at})` };
}

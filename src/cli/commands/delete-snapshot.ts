import { problem, UserError } from "../../errors.ts";
import type { Command } from "../command.ts";
import { askConsent, consentOption } from "../session/confirm.ts";
import type { DeploymentRun } from "../session/deployment-run.ts";
import { withRecordedRun } from "../session/recorded-run.ts";
import { type Snapshot, shownSnapshot, snapshotsOf } from "../session/snapshots.ts";
import { deploymentOption } from "../session/store.ts";

const DEADLINE_MS = 600_000;

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
			const lines = chosen.map(shownSnapshot);
			await askConsent(
				lines.map((row) => `snapshot ${row.snapshot_cid} of ${row.instance}, of ${row.created_at}, is deleted`),
				run.context,
				options.nonInteractive === true,
			);
			for (const snapshot of chosen) await deleteOne(snapshot, run);
		});
		return 0;
	},
};

/** Journaled like every effect; a run that was cut short left it there or not, and the cloud's list tells which. */
async function deleteOne({ cpi, resource }: Snapshot, { store, lease, cpis, context }: DeploymentRun): Promise<void> {
	const cid = resource.cid as Parameters<ReturnType<typeof cpis.get>["deleteSnapshot"]>[0];
	const id = await store.begin(lease.fence, { verb: "deleteSnapshot", key: cid, data: { cpi } });
	lease.check();
	await cpis.get(cpi).deleteSnapshot(cid, { signal: context.signal, deadlineMs: DEADLINE_MS });
	await store.finish(lease.fence, id, { ok: true, result: {} }, []);
	context.emit({ type: "note", text: `deleted snapshot ${cid}` });
}

import { applyPlan } from "../../apply/apply.ts";
import { problem, UserError } from "../../errors.ts";
import { linked } from "../../plan/linked.ts";
import { disksOf, named } from "../../plan/named-disks.ts";
import type { DiskRecord } from "../../state/state.ts";
import type { Command } from "../command.ts";
import { applyContext } from "../session/apply-context.ts";
import { askConsent, consentOption } from "../session/confirm.ts";
import type { DeploymentRun } from "../session/deployment-run.ts";
import { withRecordedRun } from "../session/recorded-run.ts";
import { deploymentOption } from "../session/store.ts";

export const command: Command = {
	arguments: "<disk-cid>",
	options: [deploymentOption, consentOption],
	help: `Takes a persistent disk from its instance and keeps it, orphaned: the instance starts with an empty one. It must have no VM, as after
davit stop --hard. davit attach-disk gives the disk back.`,
	run: async ([cid], options, context) => {
		await withRecordedRun("orphan-disk", options, context, (run) =>
			orphan(run, String(cid), options.nonInteractive === true),
		);
		return 0;
	},
};

async function orphan(run: DeploymentRun, cid: string, consent: boolean): Promise<void> {
	const { context, records, inputs } = run;
	const disk = diskInUse(run, cid);
	const owner = records.instances().find((record) => disksOf(record).some((each) => each.disk === disk.cid));
	if (!owner) throw new UserError(problem("no-disk", `no instance has disk ${cid}`));
	const which = named(disk.name);
	const instance = `${owner.group}/${owner.index}`;
	if (owner.vm)
		throw new UserError(
			problem("disk-in-use", `${instance} has a VM, ${owner.vm.cid}, to which disk ${cid} is attached`, {
				hint: `davit stop --hard ${instance} deletes the VM and keeps the disk; then orphan it`,
			}),
		);
	await askConsent([`disk ${cid} is taken from ${instance}, which starts with an empty one`], context, consent);
	const plan = {
		deployment: inputs.deployment.name,
		steps: linked([{ kind: "orphan-disk", disk: disk.cid, ...which }], instance, []),
		changes: [],
	};
	await applyPlan(plan, applyContext({ ...run, desired: [], releases: new Map() }));
	context.emit({
		type: "note",
		text: `Kept, orphaned: ${cid}. davit disks --orphaned lists it, davit attach-disk ${instance} ${cid} gives it back.`,
	});
}

function diskInUse({ records }: DeploymentRun, cid: string): DiskRecord {
	const disks = records.disks().filter(({ orphanedAt }) => orphanedAt === undefined);
	const found = disks.find((disk) => disk.cid === cid);
	if (found) return found;
	const names = disks.map((disk) => `${disk.cid} (${disk.instanceName})`);
	throw new UserError(
		problem("no-disk", `no instance has disk "${cid}"`, {
			hint: names.length === 0 ? "no instance has a persistent disk" : `there are: ${names.join(", ")}`,
		}),
		{ exitCode: 64 },
	);
}

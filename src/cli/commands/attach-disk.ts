import { applyPlan } from "../../apply/apply.ts";
import { problem, UserError } from "../../errors.ts";
import { disksOf } from "../../plan/named-disks.ts";
import { type Command, text } from "../command.ts";
import { type AttachDiskRequest, prepareAttachDisk } from "../session/attach-disk.ts";
import type { DeploymentRun } from "../session/deployment-run.ts";
import { oneInstance } from "../session/one-instance.ts";
import { withRecordedRun } from "../session/recorded-run.ts";
import { deploymentOption } from "../session/store.ts";

export const command: Command = {
	arguments: "<instance> <disk-cid>",
	options: [
		deploymentOption,
		{ flags: "--name <name>", about: "which of the group's persistent_disks it is to be; else the one that it was" },
		{
			flags: "--disk-properties <copy>",
			about: "copy: size and cloud properties, where davit does not know them, are those of the disk that it replaces",
		},
		{ flags: "--skip-drain", about: "pass over the instance's drain scripts" },
	],
	help: `Attaches an orphaned persistent disk (davit disks --orphaned), its data intact. The instance is stopped before and started after; the disk
that it had is kept, orphaned. Cut short, the same command goes on from there. With --disk-properties copy it takes a disk that was made at the
cloud behind davit's back, too, as from a snapshot; what davit knows of a disk stays as it is, and a deploy copies one that is not as its manifest wants it.

Example: davit attach-disk database/0 disk-1f2e3d4c5b6a7988`,
	run: async ([selector, cid], options, context) => {
		const copyProperties = copiesProperties(text(options, "diskProperties"));
		await withRecordedRun("attach-disk", options, context, (run) =>
			attachDisk(run, String(selector), {
				cid: String(cid),
				name: options.name as string | undefined,
				skipDrain: options.skipDrain === true,
				copyProperties,
			}),
		);
		return 0;
	},
};

function copiesProperties(given: string | undefined): boolean {
	if (given === undefined || given === "copy") return given === "copy";
	const hint = "copy is all that there is; left out, what is not known of the disk stays unknown";
	throw new UserError(problem("usage", `--disk-properties ${given}: not known`, { hint }), { exitCode: 64 });
}

async function attachDisk(
	run: DeploymentRun,
	selector: string,
	request: Omit<AttachDiskRequest, "instance">,
): Promise<void> {
	const { records, context } = run;
	const { cid } = request;
	const instance = oneInstance(records, selector, { what: "a disk is attached to" });
	const has = () => disksOf(records.get(instance)).map(({ disk }) => disk as string);
	const former = has();
	const { plan, applyContext, close } = await prepareAttachDisk(run, { instance, ...request });
	try {
		if (plan.steps.length === 0)
			return context.emit({ type: "note", text: `${instance}: nothing to do, it has disk ${cid}` });
		const changes = plan.changes.map(
			({ reasons }) => `update ${instance} (${reasons.map(({ reason, detail }) => `${reason}: ${detail}`).join(", ")})`,
		);
		context.emit({ type: "plan", deployment: plan.deployment, steps: plan.steps.length, changes });
		await applyPlan(plan, applyContext).catch((error: unknown) => {
			if (!has().includes(cid))
				context.emit({
					type: "note",
					text: `${instance} still has the disk that it had: davit deploy starts it with that`,
				});
			throw error;
		});
		context.emit({ type: "note", text: `${instance}: has disk ${cid}` });
		for (const left of former.filter((each) => !has().includes(each)))
			context.emit({ type: "note", text: `Kept, orphaned: ${left}. davit disks --orphaned lists it.` });
	} finally {
		await close();
	}
}

import { applyPlan } from "../../apply/apply.ts";
import { UserError } from "../../errors.ts";
import { massDeletion } from "../../plan/mass-deletion.ts";
import type { InstanceRecord } from "../../state/state.ts";
import { type Command, type Options, text } from "../command.ts";
import { askConsent, consentOption, needsConsent } from "../session/confirm.ts";
import { prepareDeploy } from "../session/deploy.ts";
import { deployFlags, deployOptions } from "../session/deploy-flags.ts";
import { type DeploymentRun, withRun } from "../session/deployment-run.ts";
import { manifestOptions } from "../session/inputs.ts";
import { configOptions, readManifest } from "../session/manifest.ts";
import { planReport } from "../session/plan-report.ts";
import { refuseOtherPlan } from "../session/saved-plan.ts";
import { showPlan } from "../session/show-plan.ts";
import { withStore } from "../session/with-store.ts";

export const command: Command = {
	arguments: "<manifest>",
	options: [
		...manifestOptions,
		...configOptions,
		...deployOptions,
		{
			flags: "--plan <file>",
			about: "apply what davit plan --out has saved, and refuse if it would be anything else by now",
		},
		consentOption,
		{ flags: "--allow-deletions", about: "delete whole instance groups, though they are most of the deployment" },
	],
	help: `A deploy that was interrupted goes on where it was. Exit codes: 0 done, 1 failed, 3 another davit works on the deployment,
4 refused (the message names the flag), 64 wrong usage, 130 interrupted.`,
	run: async ([manifest], options, context) => {
		return withStore(context, async (store) => {
			const recorded = async (name: string) => (await store.read(name)).deployment;
			const inputs = await readManifest(String(manifest), options, context, { recorded });
			for (const problem of inputs.warnings) context.emit({ type: "problem", problem });
			await withRun(
				"deploy",
				() => inputs,
				store,
				context,
				(run) => deploy(run, options),
			);
			return 0;
		});
	},
};

async function deploy(run: DeploymentRun, options: Options): Promise<void> {
	const { context, former, inputs } = run;
	const flags = await deployFlags(inputs.deployment.variables, options, context);
	const prepared = await prepareDeploy(run, flags);
	try {
		const { plan } = prepared;
		const { name } = inputs.deployment;
		const saved = text(options, "plan");
		if (saved !== undefined)
			await refuseOtherPlan(saved, run, prepared, await planReport(run, prepared, flags.refresh));
		const resting = restingNote(run.records.instances());
		if (plan.steps.length === 0) {
			context.emit({ type: "note", text: `${name}: nothing to do, all is as the manifest says` });
			if (resting) context.emit({ type: "note", text: resting });
			return;
		}
		const mass = massDeletion(plan, run.records.instances());
		if (mass && options.allowDeletions !== true) throw new UserError(mass, { exitCode: 4 });
		const stateful = new Set(
			run.records.instances().flatMap(({ group, index, disk }) => (disk ? [`${group}/${index}`] : [])),
		);
		await askConsent(
			needsConsent(plan, stateful, former?.deployedAt === undefined),
			context,
			options.nonInteractive === true || saved !== undefined,
		);
		showPlan(plan, context);
		const begin = context.clock.monotonic();
		await applyPlan(plan, prepared.applyContext);
		context.emit({
			type: "note",
			text: `${name}: deployed in ${((context.clock.monotonic() - begin) / 1000).toFixed(1)} s`,
		});
		for (const text of [...(resting ? [resting] : []), ...prepared.notes]) context.emit({ type: "note", text });
	} finally {
		await prepared.close();
	}
}

/** What no deploy touches or starts, since an operator wants it so. */
function restingNote(instances: readonly InstanceRecord[]): string | undefined {
	const named = (which: (record: InstanceRecord) => boolean) =>
		instances.filter(which).map(({ group, index }) => `${group}/${index}`);
	const [stopped, ignored] = [named(({ wanted }) => wanted !== "started"), named(({ ignore }) => ignore)];
	const parts = [
		...(stopped.length > 0 ? [`stopped until davit start: ${stopped.join(", ")}`] : []),
		...(ignored.length > 0 ? [`ignored until davit unignore: ${ignored.join(", ")}`] : []),
	];
	return parts.length > 0 ? parts.join("; ") : undefined;
}

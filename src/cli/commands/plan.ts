import { massDeletion } from "../../plan/mass-deletion.ts";
import { type Command, type Options, text } from "../command.ts";
import { prepareDeploy } from "../session/deploy.ts";
import { deployFlags, deployOptions } from "../session/deploy-flags.ts";
import { type DeploymentRun, withRun } from "../session/deployment-run.ts";
import { manifestOptions } from "../session/inputs.ts";
import { configOptions, readManifest } from "../session/manifest.ts";
import { showOfflinePlan } from "../session/offline-plan.ts";
import { planReport } from "../session/plan-report.ts";
import { writePlan } from "../session/saved-plan.ts";
import { showPlanReport } from "../session/show-plan.ts";
import { withStoreCopy } from "../session/store-copy.ts";

export const command: Command = {
	arguments: "<manifest>",
	options: [
		...manifestOptions,
		...configOptions,
		...deployOptions,
		{ flags: "--no-refresh", about: "ask no cloud and no VM: what is recorded is taken to be there, and well" },
		{ flags: "--out <file>", about: "save the plan, for davit deploy --plan" },
		{ flags: "--detailed-exitcode", about: "end with exit code 2 if there are changes" },
		{ flags: "--offline", about: "the plan of a first deploy, without a cloud and without a release at hand" },
	],
	help: `Shows what davit deploy would do with the same manifest and options: each instance with what happens to it, why, what its jobs see of it, and its
turn; what compiles where, what is copied, generated and deleted. With --json one object holds the whole (davit schema plan tells its form).
Nothing is changed anywhere; releases that have to be downloaded are kept for the deploy. A plan saved with --out holds no secret; davit deploy
--plan FILE applies it, and refuses it when anything that it comes from has changed.

With --offline: what a first deploy would make, as far as manifest and cloud file tell it; what only a deploy can know is {"unknown": "…"} in
its JSON.`,
	run: async ([manifest], options, context) => {
		if (options.offline === true) {
			await showOfflinePlan(String(manifest), options, context);
			return 0;
		}
		return withStoreCopy(context, options.out !== undefined, async (copy, own) => {
			const { store } = copy;
			const recorded = async (name: string) => (await store.read(name)).deployment;
			const inputs = await readManifest(String(manifest), options, own, { recorded });
			for (const problem of inputs.warnings) own.emit({ type: "problem", problem });
			const { name } = inputs.deployment;
			const holder = await copy.take(name);
			if (holder) {
				const text = `${holder.holder} works on ${name} now: the plan is for what was recorded at this moment`;
				own.emit({ type: "note", text });
			}
			return withRun(
				"plan",
				() => inputs,
				store,
				own,
				(run) => plan(run, options),
			);
		});
	},
};

async function plan(run: DeploymentRun, options: Options): Promise<number> {
	const { context, inputs } = run;
	const flags = await deployFlags(inputs.deployment.variables, options, context);
	const prepared = await prepareDeploy(run, flags);
	try {
		const report = await planReport(run, prepared, flags.refresh);
		const mass = massDeletion(prepared.plan, run.records.instances());
		if (mass) context.emit({ type: "problem", problem: { ...mass, severity: "warning" } });
		const file = text(options, "out");
		if (file !== undefined) await writePlan(file, run, prepared, report);
		showPlanReport(report, context);
		return report.steps.length > 0 && options.detailedExitcode === true ? 2 : 0;
	} finally {
		await prepared.close();
	}
}

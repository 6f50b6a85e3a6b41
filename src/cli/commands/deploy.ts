import type { Command } from "../command.ts";
import { deployOptions } from "../session/deploy-flags.ts";
import { withRun } from "../session/deployment-run.ts";
import { manifestOptions } from "../session/inputs.ts";
import { configOptions, readManifest } from "../session/manifest.ts";
import { applyOptions, runDeploy } from "../session/run-deploy.ts";
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
		...applyOptions,
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
				(run) => runDeploy(run, options),
			);
			return 0;
		});
	},
};

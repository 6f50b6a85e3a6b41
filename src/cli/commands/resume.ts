import type { Command } from "../command.ts";
import { planOptions } from "../session/deploy-flags.ts";
import { withRun } from "../session/deployment-run.ts";
import { recordedInputs } from "../session/manifest.ts";
import { applyOptions, runDeploy } from "../session/run-deploy.ts";
import { chosenDeployment, deploymentOption } from "../session/store.ts";
import { tasksOf } from "../session/tasks.ts";
import { withStore } from "../session/with-store.ts";

export const command: Command = {
	arguments: "",
	options: [deploymentOption, ...planOptions, ...applyOptions],
	help: `Brings the last deploy to its end if it failed, was interrupted or killed: by the manifest, cloud and variables that it was given, whatever has
become of those files since. What its options asked for besides (--recreate, --skip-drain) has to be asked for again.`,
	run: (_, options, context) =>
		withStore(context, async (store) => {
			const name = await chosenDeployment(store, options, context.env);
			const { deployment } = await store.read(name);
			const unfinished = deployment?.unfinished;
			if (!deployment || !unfinished) {
				const last = (await tasksOf(store, name)).at(-1);
				const other = last && last.state !== "done" && !["deploy", "resume"].includes(last.command);
				const more = other ? `; task ${last.task} (davit ${last.command}) did not end well: run it again` : "";
				context.emit({ type: "note", text: `${name}: no deploy is unfinished${more}` });
				return 0;
			}
			const inputs = (key: Parameters<typeof recordedInputs>[1]) =>
				recordedInputs({ ...deployment, ...unfinished }, key);
			await withRun("resume", inputs, store, context, (run) => runDeploy(run, options));
			return 0;
		}),
};

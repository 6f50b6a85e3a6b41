import { applyPlan } from "../../apply/apply.ts";
import type { ErrandResult } from "../../apply/context.ts";
import { problem, UserError } from "../../errors.ts";
import { planDelete } from "../../plan/plan-delete.ts";
import { planErrand } from "../../plan/plan-errand.ts";
import type { CliContext, Command, Options } from "../command.ts";
import { applyContext } from "../session/apply-context.ts";
import { deletePieces } from "../session/delete.ts";
import { prepareDeploy } from "../session/deploy.ts";
import type { DeploymentRun } from "../session/deployment-run.ts";
import { type ErrandOutcome, withErrandLogs } from "../session/errand-logs.ts";
import { errandsOf, instancesWith } from "../session/errands.ts";
import { selectInstances } from "../session/recorded.ts";
import { withRecordedRun } from "../session/recorded-run.ts";
import { deploymentOption } from "../session/store.ts";

export const command: Command = {
	arguments: "<errand>",
	options: [
		deploymentOption,
		{ flags: "--instance <group/index>", about: "run a colocated errand on these only; repeatable", repeat: true },
		{ flags: "--keep-alive", about: "keep the VMs of an errand's own group" },
		{ flags: "--download-logs", about: "fetch an archive of the logs of each instance that it ran on" },
		{ flags: "--logs-dir <folder>", about: "where these archives go (default: here)" },
	],
	help: "An errand is a job with bin/run on VMs of the deployment, or an instance group with lifecycle: errand. Exit code 1 if it fails anywhere.",
	run: async ([errand], options, context) => {
		return withRecordedRun("run-errand", options, context, async (run) => {
			const group = run.inputs.deployment.instanceGroups.find(
				(candidate) => candidate.name === errand && candidate.lifecycle === "errand",
			);
			const { results, fetched } = group
				? await runGroup(String(errand), run, options)
				: await runColocated(String(errand), run, options);
			const well = showResults(results, context);
			if (!well) run.task.fails(["errand-failed"]);
			return well && fetched ? 0 : 1;
		});
	},
};

/** On the VMs that have the job. */
async function runColocated(errand: string, run: DeploymentRun, options: Options): Promise<ErrandOutcome> {
	const { records, inputs } = run;
	const asked =
		options.instance === undefined
			? undefined
			: new Set((options.instance as string[]).flatMap((selector) => selectInstances(records, selector)));
	const chosen = instancesWith(records, errand).filter((name) => asked === undefined || asked.has(name));
	if (chosen.length === 0) {
		const all = errandsOf(records, inputs.deployment)
			.map((each) => each.errand)
			.join(", ");
		throw new UserError(
			problem("no-errand", `there is no errand "${errand}"${asked ? " on these instances" : ""}`, {
				hint: all === "" ? "the deployment has none" : `there are: ${all}`,
			}),
		);
	}
	const plan = planErrand(
		inputs.deployment.name,
		chosen.map((instance) => ({ instance, job: errand })),
	);
	const work = applyContext({ ...run, desired: [], releases: new Map() });
	await applyPlan(plan, work);
	return withErrandLogs(work.errandResults, run, options);
}

/** On VMs of its own, which exist only while it runs. */
async function runGroup(errand: string, run: DeploymentRun, options: Options): Promise<ErrandOutcome> {
	const flags = {
		fix: true,
		recreate: false,
		restart: false,
		fixReleases: false,
		skipDrain: new Set<string>(),
		refresh: true,
		errandGroup: errand,
	};
	const prepared = await prepareDeploy(run, flags);
	const { deployment } = run.inputs;
	let outcome: ErrandOutcome;
	try {
		const instances = [...prepared.applyContext.desired.values()];
		const errands = instances.flatMap(({ name, jobs }) =>
			jobs.filter(({ job }) => job.errand).map(({ job }) => ({ instance: name, job: job.name })),
		);
		await applyPlan(planErrand(deployment.name, errands, prepared.plan), prepared.applyContext);
		outcome = await withErrandLogs(prepared.applyContext.errandResults, run, options);
	} finally {
		await prepared.close();
	}
	if (options.keepAlive !== true) {
		const pieces = await deletePieces(run, errand);
		await applyPlan(
			planDelete({ deployment: deployment.name, ...pieces.input, orphanVms: [], skipDrain: true, forget: false }),
			pieces.applyContext,
		);
	}
	return outcome;
}

/** True if it went well everywhere. */
function showResults(results: readonly ErrandResult[], { emit }: CliContext): boolean {
	for (const { instance, job, stdout, stderr } of results) {
		if (stdout !== "")
			emit({ type: "output", text: `${instance} ${job}, standard output:\n${stdout.replace(/\n?$/, "\n")}` });
		if (stderr !== "")
			emit({ type: "output", text: `${instance} ${job}, standard error:\n${stderr.replace(/\n?$/, "\n")}` });
	}
	const rows = results.map(({ instance, job, exitCode }) => ({ instance, errand: job, exit_code: exitCode }));
	emit({ type: "table", name: "errand", columns: ["instance", "errand", "exit_code"], rows });
	return results.every(({ exitCode }) => exitCode === 0);
}

import { applyPlan } from "../../apply/apply.ts";
import type { ApplyContext, ErrandResult } from "../../apply/context.ts";
import { problem, UserError } from "../../errors.ts";
import { planDelete } from "../../plan/plan-delete.ts";
import { planErrand } from "../../plan/plan-errand.ts";
import type { InstanceName, Plan } from "../../plan/step.ts";
import type { CliContext, Command, Options } from "../command.ts";
import { applyContext } from "../session/apply-context.ts";
import { deletePieces } from "../session/delete.ts";
import { prepareDeploy } from "../session/deploy.ts";
import type { DeploymentRun } from "../session/deployment-run.ts";
import { type ErrandOutcome, withErrandLogs } from "../session/errand-logs.ts";
import { isUnchanged, recordErrand, stateOfGroup, stateOnInstances } from "../session/errand-runs.ts";
import { errandsOf, instancesWith } from "../session/errands.ts";
import { selectInstances } from "../session/recorded.ts";
import { withRecordedRun } from "../session/recorded-run.ts";
import { deploymentOption } from "../session/store.ts";
import { tableOf } from "../session/table-of.ts";

export const command: Command = {
	arguments: "<errand>",
	options: [
		deploymentOption,
		{ flags: "--instance <group/index>", about: "run a colocated errand on these only; repeatable", repeat: true },
		{ flags: "--keep-alive", about: "keep the VMs of an errand's own group" },
		{
			flags: "--when-changed",
			about: "skip it if it went well the last time, and nothing has changed on its instances since",
		},
		{ flags: "--with-heartbeat [seconds]", about: "tell that it runs every so many seconds (30), not every 60" },
		{ flags: "--download-logs", about: "fetch an archive of the logs of each instance that it ran on" },
		{ flags: "--logs-dir <folder>", about: "where these archives go (default: here)" },
	],
	help: `An errand is a job with bin/run on VMs of the deployment, or an instance group with lifecycle: errand. Exit code 1 if it fails anywhere.
--when-changed looks, as BOSH does, at which instances it runs on, at their packages and at what the templates of all their jobs give.

Example: davit run-errand smoke-tests --when-changed --with-heartbeat=10`,
	run: async ([errand], options, context) => {
		const silentMs = heartbeatMs(options.withHeartbeat);
		return withRecordedRun("run-errand", options, context, async (run) => {
			const group = run.inputs.deployment.instanceGroups.find(
				(candidate) => candidate.name === errand && candidate.lifecycle === "errand",
			);
			const asked = { errand: String(errand), options, silentMs };
			const outcome = group ? await runGroup(asked, run) : await runColocated(asked, run);
			if ("skippedOn" in outcome) {
				showSkipped(outcome.skippedOn, asked.errand, context);
				return 0;
			}
			const well = showResults(outcome.results, context);
			if (!well) run.task.fails(["errand-failed"]);
			return well && outcome.fetched ? 0 : 1;
		});
	},
};

interface Asked {
	readonly errand: string;
	readonly options: Options;
	readonly silentMs: number | undefined;
}

/** Nothing has changed, so it did not run. */
interface Skipped {
	readonly skippedOn: readonly InstanceName[];
}

/** BOSH's default is 30 s. */
function heartbeatMs(given: unknown): number | undefined {
	if (given === undefined) return undefined;
	if (given === true) return 30_000;
	if (/^[1-9]\d{0,5}$/.test(String(given))) return Number(given) * 1000;
	const hint = "write it as in --with-heartbeat=10, or behind the errand's name";
	throw new UserError(problem("usage", `--with-heartbeat ${given}: that is no number of seconds`, { hint }), {
		exitCode: 64,
	});
}

/** On the VMs that have the job. */
async function runColocated(
	{ errand, options, silentMs }: Asked,
	run: DeploymentRun,
): Promise<ErrandOutcome | Skipped> {
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
	if (
		options.whenChanged === true &&
		(await isUnchanged(errand, stateOnInstances(chosen.map((name) => records.get(name))), run))
	)
		return { skippedOn: chosen };
	const plan = planErrand(
		inputs.deployment.name,
		chosen.map((instance) => ({ instance, job: errand })),
	);
	const work = applyContext({ ...run, desired: [], releases: new Map() });
	await applyAndRecord(errand, plan, { ...work, silentMs }, run);
	return withErrandLogs(work.errandResults, run, options);
}

/** On VMs of its own, which exist only while it runs. */
async function runGroup({ errand, options, silentMs }: Asked, run: DeploymentRun): Promise<ErrandOutcome | Skipped> {
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
		if (options.whenChanged === true && (await isUnchanged(errand, stateOfGroup(instances), run)))
			return { skippedOn: instances.map(({ name }) => name) };
		const errands = instances.flatMap(({ name, jobs }) =>
			jobs.filter(({ job }) => job.errand).map(({ job }) => ({ instance: name, job: job.name })),
		);
		const plan = planErrand(deployment.name, errands, prepared.plan);
		await applyAndRecord(errand, plan, { ...prepared.applyContext, silentMs }, run);
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

/** What is recorded of its last success goes before it runs, so that a run which is cut short counts as none. */
async function applyAndRecord(errand: string, plan: Plan, work: ApplyContext, run: DeploymentRun): Promise<void> {
	await recordErrand(errand, undefined, run);
	await applyPlan(plan, work);
	const { errandResults } = work;
	if (errandResults.some(({ exitCode }) => exitCode !== 0)) return;
	const instances = [...new Set(errandResults.map(({ instance }) => instance))];
	await recordErrand(errand, stateOnInstances(instances.map((name) => run.records.get(name))), run);
}

function showSkipped(instances: readonly InstanceName[], errand: string, { emit }: CliContext): void {
	const result = "skipped: it went well, and nothing has changed since";
	const rows = instances.map((instance) => ({ instance, errand, result }));
	emit(tableOf("errand", ["instance", "errand", "result"], rows));
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

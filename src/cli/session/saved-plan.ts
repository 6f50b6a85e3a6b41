import { readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { canonicalJson } from "../../digest.ts";
import { UserError } from "../../errors.ts";
import type { PlanReport } from "../../plan/report-schema.ts";
import { movedSince, type PlanInputs, readPlan, savePlan } from "../../plan/saved-plan.ts";
import { keyedDigest } from "../../variables/key.ts";
import type { CliContext } from "../command.ts";
import type { PreparedDeploy } from "./deploy.ts";
import type { DeploymentRun } from "./deployment-run.ts";
import { localProblem } from "./local-problem.ts";
import { releaseContents } from "./releases.ts";
import { writeWhole } from "./write-whole.ts";

/** Writes the plan to a file, whole or not at all, for its owner only. */
export async function writePlan(
	path: string,
	run: DeploymentRun,
	prepared: PreparedDeploy,
	report: PlanReport,
): Promise<void> {
	const { key, store, context } = run;
	const now = { deployment: run.inputs.deployment.name, store: store.uuid, plan: report };
	const made_at = new Date(context.clock.now()).toISOString();
	const saved = savePlan({ ...now, made_at, inputs: await inputsOf(run, prepared) }, (text) => keyedDigest(key, text));
	await writeWhole(path, context, (beside) => writeFile(beside, `${JSON.stringify(saved, undefined, 2)}\n`));
}

/** Refuses a saved plan that is not what a deploy would do now. Exit code 4. */
export async function refuseOtherPlan(
	path: string,
	run: DeploymentRun,
	prepared: PreparedDeploy,
	report: PlanReport,
): Promise<void> {
	const { key, store, context, inputs } = run;
	const saved = readPlan(await readSaved(path, context), path, (text) => keyedDigest(key, text));
	if (!("format" in saved)) throw new UserError(saved);
	const now = { deployment: inputs.deployment.name, store: store.uuid, plan: report };
	const moved = movedSince(saved, { ...now, inputs: await inputsOf(run, prepared) }, path);
	if (moved.length > 0) throw new UserError(moved, { exitCode: 4 });
}

async function readSaved(path: string, { cwd }: Pick<CliContext, "cwd">): Promise<string> {
	try {
		return await readFile(resolve(cwd, path), "utf8");
	} catch (error) {
		throw localProblem(error, path);
	}
}

async function inputsOf(
	run: DeploymentRun,
	{ plan, diffs, compilationVms, state }: PreparedDeploy,
): Promise<PlanInputs> {
	const { key, store, inputs, inputsDigest } = run;
	const digest = (value: unknown) => keyedDigest(key, canonicalJson(value));
	// An instance that is still to come has another id in each plan.
	const all = [...diffs.map(({ desired }) => desired), ...compilationVms];
	const fresh = new Map(all.flatMap(({ record, placed, name }) => (record ? [] : [[placed.id, name] as const])));
	const steps = canonicalJson(plan).replace(
		/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g,
		(id) => fresh.get(id) ?? id,
	);
	return {
		manifest: inputsDigest,
		releases: digest(releaseContents(state.releases)),
		history: digest(await store.events(inputs.deployment.name, 1)),
		plan: keyedDigest(key, steps),
	};
}

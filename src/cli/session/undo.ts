import { applyPlan } from "../../apply/apply.ts";
import { problemsOf } from "../../apply/problems-of.ts";
import { problem, UserError } from "../../errors.ts";
import { irreversibleSteps } from "../../plan/irreversible.ts";
import type { Step } from "../../plan/step.ts";
import { contentProblem } from "../../release/compare.ts";
import type { DeploymentRecord } from "../../state/state.ts";
import { type Options, text } from "../command.ts";
import { type DeployFlags, type PreparedDeploy, prepareDeploy } from "./deploy.ts";
import type { DeploymentRun } from "./deployment-run.ts";
import { recordedInputs } from "./manifest.ts";
import { showPlan } from "./show-plan.ts";

export const onFailureOption = {
	flags: "--on-failure <what>",
	about: "stop (default), or undo: bring everything back to what the last finished deploy made",
} as const;

/** True if a deploy that fails is to be undone. Throws a UserError (exit code 64) for a word that is neither. */
export function undoes(options: Options): boolean {
	const what = text(options, "onFailure") ?? "stop";
	if (what === "stop" || what === "undo") return what === "undo";
	throw new UserError(
		problem("usage", `--on-failure ${what}: there is no such thing`, { hint: "write stop or undo" }),
		{
			exitCode: 64,
		},
	);
}

/**
 * Applies a plan; when it fails, deploys what the last finished deploy was made from. What the plan has not touched is as that wants it,
 * so nothing happens to it. Always throws when the plan has failed: with why, and what became of the undo.
 */
export async function applyOrUndo(prepared: PreparedDeploy, run: DeploymentRun, flags: DeployFlags): Promise<void> {
	const begun = new Set<string>();
	const { emit } = prepared.applyContext;
	try {
		await applyPlan(prepared.plan, {
			...prepared.applyContext,
			emit: (event) => {
				if (event.type === "step-started") begun.add(event.id);
				emit(event);
			},
		});
	} catch (error) {
		const problems = problemsOf(error, undefined);
		// An interruption, a lost lease or a bug is no failure of what was deployed.
		if (!problems || (error instanceof UserError && error.exitCode !== 1) || run.context.signal.aborted) throw error;
		const irreversible = irreversibleSteps(prepared.plan.steps, prepared.applyContext.desired);
		const why = obstacle(
			irreversible.filter(({ id }) => begun.has(id)),
			run.former,
		);
		if (why !== undefined)
			throw new UserError([...problems, problem("not-undone", why, { hint: "mend it and deploy again" })]);
		for (const each of problems) run.context.emit({ type: "problem", problem: each });
		await undo(run, flags);
	}
}

/** Why there is no way back; undefined: there is one. */
function obstacle(done: readonly Step[], former: DeploymentRecord | undefined): string | undefined {
	if (former?.deployedAt === undefined)
		return "it is not undone: no deploy of it ever finished, so there is nothing to go back to";
	if (done.length === 0) return undefined;
	return `it is not undone: this had begun, and can't be taken back: ${done.map(({ title }) => title).join(", ")}`;
}

async function undo(run: DeploymentRun, flags: DeployFlags): Promise<void> {
	const { context, key, former } = run;
	if (!former) throw new Error("nothing to go back to");
	const good = `what was deployed at ${new Date(former.deployedAt ?? 0).toISOString()}`;
	context.emit({ type: "note", text: `${former.name}: going back to ${good}` });
	const { imported: _, ...same } = flags;
	const inputs = recordedInputs(former, key);
	const compilationVms = flags.compilationVms === true && inputs.cloud.compilation !== undefined;
	const prepared = await prepareDeploy(
		{ ...run, inputs, inputsDigest: former.manifestDigest ?? "" },
		{ ...same, recreate: false, compilationVms },
	);
	try {
		const others = [...prepared.state.releases.values()].filter((release) => {
			const recorded = former.releases[`${release.name}/${release.version}`];
			return !recorded || contentProblem(recorded, release) !== undefined;
		});
		if (others.length > 0) {
			const names = others.map(({ name }) => name).join(", ");
			const hint = "bring that folder or file back to what it was, and deploy";
			throw new UserError(
				problem("not-undone", `it is not undone: ${names} is other than what was deployed`, { hint }),
			);
		}
		if (prepared.plan.steps.length > 0) {
			showPlan(prepared.plan, context);
			await applyPlan(prepared.plan, prepared.applyContext);
		}
	} finally {
		await prepared.close();
	}
	throw new UserError(
		problem("undone", `the deploy failed, and was undone: ${former.name} is again ${good}`, {
			hint: "see the errors above",
		}),
	);
}

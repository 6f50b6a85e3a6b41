import { type Problem, problem, UserError } from "../../errors.ts";
import { type HookName, hookScript, parseHookResults } from "../../machine/hook.ts";
import type { Step } from "../../plan/step.ts";
import type { ApplyContext } from "../context.ts";
import { runScript } from "../run-script.ts";

/** Runs one hook of all jobs of an instance, in parallel on the VM; every job that fails is in the error, with its last lines. */
export async function runHook(
	context: ApplyContext,
	step: Step,
	hook: HookName,
	jobs: readonly string[],
	env: Readonly<Record<string, string>> = {},
): Promise<void> {
	if (jobs.length === 0) return;
	const { stdout } = await runScript(context, step, hookScript(hook, jobs, env), `${hook}-failed`, {
		onLine: (_, text) => {
			for (const { job, code, seconds } of parseHookResults(text))
				context.emit({ type: "step-progress", id: step.id, text: `${job}: exit code ${code} after ${seconds} s` });
		},
	});
	const failed = parseHookResults(stdout).filter(({ code }) => code !== 0);
	if (failed.length === 0) return;
	throw new UserError(
		failed.map(({ job, code, tail }): Problem => {
			const text = `${step.instance}: ${hook} of job ${job} ended with exit code ${code}${tail ? `\n${tail}` : ""}`;
			return problem("hook-failed", text, {
				hint: `davit logs ${step.instance} --job ${job} fetches its whole output, ${hook}.stdout.log and .stderr.log; once its cause is mended, the same command goes on from there`,
			});
		}),
	);
}

type HookStep = Extract<Step, { kind: "pre-start" | "post-start" | "post-deploy" }> & { instance: string };

/** The hooks that are steps of their own. */
export async function hookStep(step: HookStep, context: ApplyContext): Promise<void> {
	await runHook(context, step, step.kind, step.jobs);
	const { records, store, lease } = context;
	const record = records.get(step.instance);
	if (step.kind === "post-deploy" && record.applied)
		await store.write(lease.fence, [
			records.update(step.instance, { applied: { ...record.applied, postDeployed: true } }),
		]);
}

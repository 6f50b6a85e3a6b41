import { ERRAND_RESULT_BYTES, errandScript, parseErrand } from "../../machine/errand.ts";
import type { Step } from "../../plan/step.ts";
import type { ApplyContext } from "../context.ts";
import { runScript } from "../run-script.ts";

/** Runs an errand's bin/run; its exit code is a result, not a failure of the step. */
export async function runErrand(
	step: Extract<Step, { kind: "errand" }> & { instance: string },
	context: ApplyContext,
): Promise<void> {
	const { stdout } = await runScript(context, step, errandScript(step.job), "errand-not-run", {
		maxBytes: ERRAND_RESULT_BYTES,
	});
	context.errandResults.push({ instance: step.instance, job: step.job, ...parseErrand(stdout) });
}

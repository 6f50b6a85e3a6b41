import { problem, UserError } from "../errors.ts";
import type { StepKind } from "../plan/step.ts";
import { problemsOf } from "./problems-of.ts";
import type { Ended } from "./schedule.ts";

export interface Interrupted extends Ended {
	/** How many steps the plan has. */
	readonly steps: number;
}

/** These run what a job brought, which outlives the connection: see src/machine/detached.ts. */
const runsOn: ReadonlySet<StepKind> = new Set(["stop", "pre-start", "post-start", "post-deploy", "errand"]);

/** Exit code 130: what was going on, what had failed by itself before, and how to go on. `reason` is the signal's. */
export function interruption({ steps, failures, left }: Interrupted, reason: unknown): UserError {
	const cut = failures.filter(({ step, error }) => error === reason || problemsOf(error, step.instance) === undefined);
	const failed = failures.filter((failure) => !cut.includes(failure));
	const done = steps - left.length - failures.length;
	const at = cut.length === 0 ? "" : `; it was at: ${cut.map(({ step }) => step.title).join(", ")}`;
	const goesOn = cut.some(({ step }) => runsOn.has(step.kind))
		? "; a script of a job that runs on the VM is left to end, and is waited for then"
		: "";
	return new UserError(
		[
			...failed.flatMap(({ step, error }) => problemsOf(error, step.instance) ?? []),
			problem("interrupted", `interrupted with ${done} of ${steps} steps done${at}`, {
				hint: `the same command goes on from here${goesOn}`,
			}),
		],
		{ exitCode: 130 },
	);
}

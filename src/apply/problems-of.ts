import { CpiError } from "../cpi/errors.ts";
import { type Problem, problem, UserError } from "../errors.ts";
import { SshError } from "../ssh/errors.ts";
import { AgentError } from "../stemcell/agent/errors.ts";

/** What a failed step tells the user. Anything unexpected is rethrown by the caller: it is a bug. */
export function problemsOf(error: unknown, instance: string | undefined): readonly Problem[] | undefined {
	if (error instanceof UserError) return error.problems;
	const where = instance ? `${instance}: ` : "";
	if (error instanceof CpiError) {
		const request = error.requestId ? ` (request ${error.requestId})` : "";
		return [
			problem(
				`cpi-${error.kind}`,
				`${where}${error.iaas} refused ${error.operation}: ${error.message}${request}`,
				error.hint ? { hint: error.hint } : {},
			),
		];
	}
	// Its message begins with the name of what it led to.
	if (error instanceof SshError)
		return [problem(`ssh-${error.stage}`, error.message, error.hint ? { hint: error.hint } : {})];
	if (error instanceof AgentError)
		return [problem(`agent-${error.stage}`, error.message, error.hint ? { hint: error.hint } : {})];
	return undefined;
}

/** A spot in what the user wrote. `line` and `column` count from 1; `path` is a key path such as `/instance_groups/0/azs`. */
export interface Place {
	readonly file?: string;
	readonly line?: number;
	readonly column?: number;
	readonly path?: string;
}

/** One thing that is wrong (or doubtful), where it stands, and what to do about it. */
export interface Problem {
	readonly severity: "error" | "warning";
	/** Stable kebab-case name, for `--json` and for tests. */
	readonly code: string;
	readonly message: string;
	readonly place?: Place;
	/** What the user does next. */
	readonly hint?: string;
}

/** 1 failed, 3 held by another, 4 refused (needs a flag), 64 wrong usage, 130 interrupted. */
export type FailureExitCode = 1 | 3 | 4 | 64 | 130;

/**
 * A failure that is meant for the user: all its problems are shown, without a stack.
 * Anything else that reaches main is a bug of davit and is reported as one.
 */
export class UserError extends Error {
	override readonly name = "UserError";
	readonly problems: readonly Problem[];
	readonly exitCode: FailureExitCode;

	constructor(problems: Problem | readonly Problem[], options: { exitCode?: FailureExitCode; cause?: unknown } = {}) {
		const list = Array.isArray(problems) ? (problems as readonly Problem[]) : [problems as Problem];
		super(list.map((problem) => problem.message).join("\n"), { cause: options.cause });
		this.problems = list;
		this.exitCode = options.exitCode ?? 1;
	}
}

/** An error problem in one call. */
export function problem(code: string, message: string, more: { place?: Place; hint?: string } = {}): Problem {
	return { severity: "error", code, message, ...more };
}

/** A warning problem in one call. */
export function warning(code: string, message: string, more: { place?: Place; hint?: string } = {}): Problem {
	return { severity: "warning", code, message, ...more };
}

import { problem, UserError } from "../../errors.ts";

/** What `--last` says. Throws a UserError (exit code 64) if that is no number. */
export function countOf(
	given: string | undefined,
	{ fallback, what }: { readonly fallback: number; readonly what: string },
): number {
	if (given === undefined) return fallback;
	if (/^[1-9]\d{0,8}$/.test(given)) return Number(given);
	throw new UserError(
		problem("usage", `--last ${given} is no number of ${what}`, { hint: "write it as in --last 20" }),
		{ exitCode: 64 },
	);
}

import { problem, UserError } from "../errors.ts";
import type { Fence, LeaseHolder } from "./state.ts";

/** Somebody else works on the deployment: exit code 3, names who and since when. */
export function heldByAnother(deployment: string, holder: LeaseHolder): UserError {
	const since = new Date(holder.acquiredAt).toISOString();
	return new UserError(
		problem("deployment-held", `${deployment} is being worked on by ${holder.holder}, since ${since}`, {
			hint: "run the command again when that has finished; if its process is gone or its machine is off, in half a minute",
		}),
		{ exitCode: 3 },
	);
}

/** This process may not write any more: exit code 3, names the new holder if there is one. */
export function leaseLost(fence: Fence, holder: LeaseHolder | undefined): UserError {
	const who = holder ? `${holder.holder} works on it now` : "nobody holds it now";
	return new UserError(
		problem("lease-lost", `this process no longer holds ${fence.deployment} (lease ${fence.number} ran out): ${who}`, {
			hint: holder
				? "run the command again when that has finished: it goes on from what is recorded"
				: "run the command again: it goes on from what is recorded",
		}),
		{ exitCode: 3 },
	);
}

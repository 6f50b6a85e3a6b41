import type { Records } from "../../apply/records.ts";
import { problem, UserError } from "../../errors.ts";
import type { InstanceName } from "../../plan/step.ts";
import { selectInstances } from "./recorded.ts";

/** The one instance that is meant. Throws a UserError (exit code 64) if it is several; `what` begins the message: `a terminal opens on`. */
export function oneInstance(
	records: Records,
	selector: string | undefined,
	{ what, hint }: { readonly what: string; readonly hint?: (example: InstanceName) => string },
): InstanceName {
	const [first = "", ...others] = selectInstances(records, selector);
	if (others.length === 0) return first;
	throw new UserError(
		problem("which-instance", `${what} one instance, and this chooses ${[first, ...others].join(", ")}`, {
			hint: hint?.(first) ?? `name one, as in ${first}`,
		}),
		{ exitCode: 64 },
	);
}

import process from "node:process";
import { createInterface } from "node:readline/promises";
import { problem, UserError } from "../../errors.ts";
import { disksOf } from "../../plan/named-disks.ts";
import type { Plan } from "../../plan/step.ts";
import type { CliContext } from "../command.ts";

/** Lines that need a person's consent: what is deleted, a stateful instance that is recreated, the last of a group that is stopped. */
export function needsConsent(plan: Plan, stateful: ReadonlySet<string>, firstDeploy: boolean): readonly string[] {
	if (firstDeploy) return [];
	return plan.changes.flatMap(({ instance, action }) => {
		if (action === "delete") return [`${instance} is deleted`];
		if (action === "recreate" && stateful.has(instance))
			return [`${instance}, which has a persistent disk, is recreated; the disk is kept`];
		return [];
	});
}

/** What to say of an instance's disks where its VM is deleted. */
export function diskIsKept(record: Parameters<typeof disksOf>[0]): string {
	const count = disksOf(record).length;
	if (count === 0) return "";
	return count === 1 ? "; its persistent disk is kept" : "; its persistent disks are kept";
}

/** Asks on a terminal; elsewhere the answer must be given beforehand with -n. Exit code 4 if it is no. */
export async function askConsent(lines: readonly string[], context: CliContext, given: boolean): Promise<void> {
	if (lines.length === 0 || given) return;
	const list = lines.map((line) => `  ${line}`).join("\n");
	if (!context.interactive) {
		throw new UserError(
			problem("needs-consent", `this needs your consent:\n${list}`, {
				hint: "run it again with -n (--non-interactive) to give it",
			}),
			{ exitCode: 4 },
		);
	}
	const prompt = createInterface({ input: process.stdin, output: process.stderr });
	try {
		const answer = await prompt.question(`${list}\nGo on? (yes/no) `, { signal: context.signal });
		if (!/^y(es)?$/i.test(answer.trim()))
			throw new UserError(problem("declined", "nothing was changed"), { exitCode: 4 });
	} finally {
		prompt.close();
	}
}

/** The option that gives consent beforehand. */
export const consentOption = {
	flags: "-n, --non-interactive",
	about: "don't ask; consent to what the plan deletes and recreates",
} as const;

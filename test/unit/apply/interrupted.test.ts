import { expect, test } from "vitest";
import { interruption } from "../../../src/apply/interrupted.ts";
import { problem, UserError } from "../../../src/errors.ts";
import type { Step } from "../../../src/plan/step.ts";

const step = (kind: "create-vm" | "pre-start", title: string) =>
	({ kind, id: title, title, after: [], instance: "g/0" }) as unknown as Step;
const reason = new Error("interrupted");

test("it says what was going on and how to go on", () => {
	const failures = [{ step: step("create-vm", "Creating the VM of g/0"), error: reason }];
	const left = [step("pre-start", "Running pre-start on g/0")];
	const { exitCode, problems } = interruption({ steps: 5, failures, left }, reason);
	expect({ exitCode, problems }).toEqual({
		exitCode: 130,
		problems: [
			{
				severity: "error",
				code: "interrupted",
				message: "interrupted with 3 of 5 steps done; it was at: Creating the VM of g/0",
				hint: "the same command goes on from here",
			},
		],
	});
});

test("what had failed by itself is said too; a job's script is left to end", () => {
	const failures = [
		{ step: step("pre-start", "Running pre-start on g/0"), error: reason },
		{ step: step("create-vm", "Creating the VM of g/1"), error: new UserError(problem("quota", "no room")) },
	];
	expect(interruption({ steps: 2, failures, left: [] }, reason).problems).toMatchObject([
		{ code: "quota" },
		{
			message: "interrupted with 0 of 2 steps done; it was at: Running pre-start on g/0",
			hint: "the same command goes on from here; a script of a job that runs on the VM is left to end, and is waited for then",
		},
	]);
});

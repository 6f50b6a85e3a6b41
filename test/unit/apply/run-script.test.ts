import { expect, test } from "vitest";
import { runScript } from "../../../src/apply/run-script.ts";
import { applyWorld } from "../../support/apply-fixtures.ts";

const step = { kind: "bootstrap-vm", id: "s", title: "", after: [], instance: "g/0" } as const;
const fencedText = "some output\nfenced: this VM obeys holder 3, this script is of holder 2\n";

test.each([
	["", false],
	[", also where the caller judges exit codes itself", true],
])("a VM that has met a newer run ends this one with exit code 3%s", async (_, anyExitCode) => {
	const { context } = applyWorld({ answer: () => ({ code: 75, stderr: fencedText }) });
	await expect(runScript(context, step, "true", "failed", { anyExitCode })).rejects.toMatchObject({
		exitCode: 3,
		message: "g/0 belongs to a newer davit run; this one stops here",
	});
});

test("a job's own program may end with the same exit code", async () => {
	const { context } = applyWorld({ answer: () => ({ code: 75, stderr: "try later\n" }) });
	expect(await runScript(context, step, "true", "failed", { anyExitCode: true })).toMatchObject({ code: 75 });
	await expect(runScript(context, step, "true", "failed")).rejects.toMatchObject({
		exitCode: 1,
		message: "g/0: try later",
	});
});

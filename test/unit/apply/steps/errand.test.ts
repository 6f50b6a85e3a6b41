import { expect, test } from "vitest";
import { runErrand } from "../../../../src/apply/steps/errand.ts";
import { ERRAND_RESULT_BYTES } from "../../../../src/machine/errand.ts";
import { applyWorld } from "../../../support/apply-fixtures.ts";

const step = { kind: "errand", id: "errand", title: "", after: [], instance: "g/0", job: "smoke" } as const;

test("an errand's output is a result as a whole, and no progress", async () => {
	const stdout = `${"a".repeat(1024 * 1024 - 1)}\n`;
	const result = { exitCode: 3, seconds: 1, stdout: Buffer.from(stdout).toString("base64"), stderr: "" };
	const { context, seen } = applyWorld({ answer: () => ({ stdout: `${JSON.stringify(result)}\n` }) });
	await runErrand(step, context);
	expect(context.errandResults).toMatchObject([{ instance: "g/0", job: "smoke", exitCode: 3, stdout, stderr: "" }]);
	expect(seen.runs).toMatchObject([{ maxBytes: ERRAND_RESULT_BYTES }]);
	expect(seen.events).toEqual([]);
});

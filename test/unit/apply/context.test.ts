import { expect, test } from "vitest";
import { effect } from "../../../src/apply/context.ts";
import { CpiError, type CpiErrorKind } from "../../../src/cpi/errors.ts";
import { applyWorld } from "../../support/apply-fixtures.ts";

const intent = { verb: "createVm", key: "k" };
const refusal = (kind: CpiErrorKind) => new CpiError("no", { kind, iaas: "local", operation: "createVm" });

test.each(["not-found", "quota", "auth", "capacity", "invalid", "rate-limit", "unsupported"] as const)(
	"a cloud's plain refusal (%s) closes the intent: nothing was made",
	async (kind) => {
		const { context, seen } = applyWorld({});
		const failing = effect(
			context,
			intent,
			() => Promise.reject(refusal(kind)),
			() => [],
		);
		await expect(failing).rejects.toMatchObject({ kind });
		expect(seen.outcomes).toMatchObject([{ ok: false, problems: [{ code: `cpi-${kind}` }] }]);
	},
);

test.each([
	["a cloud that can't be reached", refusal("unavailable")],
	["a lost connection", new TypeError("fetch failed")],
	["an abort", new Error("interrupted")],
])("%s leaves it open: the next run looks for what may be there", async (_, error) => {
	const { context, seen } = applyWorld({});
	const failing = effect(
		context,
		intent,
		() => Promise.reject(error),
		() => [],
	);
	await expect(failing).rejects.toBe(error);
	expect(seen.outcomes).toEqual([]);
});

import { expect, test } from "vitest";
import { oneAtATime, runCall, until } from "../../../src/cpi/call.ts";
import { CpiError } from "../../../src/cpi/errors.ts";

const verb = {
	iaas: "x",
	operation: "createVm",
	asError: (error: unknown) => new CpiError(String(error), { kind: "invalid", iaas: "x", operation: "createVm" }),
};
const options = { signal: new AbortController().signal, deadlineMs: 60_000 };

test("past its deadline a call says what it was doing, and may be made again", async () => {
	const failed = runCall(verb, { ...options, deadlineMs: 1 }, async (call) => {
		call.doing("the guest let go");
		await until(call, () => false);
	});
	await expect(failed).rejects.toMatchObject({
		kind: "unavailable",
		retryable: true,
		message: "createVm took longer than 0.001 s; time was up while the guest let go",
	});
});

test("an abort rejects with its reason, whatever the work threw; other errors become the CPI's", async () => {
	const stop = new AbortController();
	const reason = new Error("stopped");
	const work = async () => {
		stop.abort(reason);
		throw new Error("killed");
	};
	await expect(runCall(verb, { ...options, signal: stop.signal }, work)).rejects.toBe(reason);
	await expect(runCall(verb, options, () => Promise.reject(new Error("no")))).rejects.toMatchObject({
		kind: "invalid",
	});
});

test("what has one name goes one after the other, also after a failure; other names don't wait", async () => {
	const inOrder = oneAtATime();
	const seen: string[] = [];
	let open = () => {};
	const gate = new Promise<void>((resolve) => {
		open = resolve;
	});
	const first = inOrder("a", async () => {
		await gate;
		seen.push("first");
		throw new Error("failed");
	});
	const second = inOrder("a", async () => seen.push("second"));
	await inOrder("b", async () => seen.push("other"));
	open();
	await expect(first).rejects.toThrow("failed");
	await second;
	expect(seen).toEqual(["other", "first", "second"]);
});

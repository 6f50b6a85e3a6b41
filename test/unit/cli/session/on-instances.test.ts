import { expect, test } from "vitest";
import { onInstances } from "../../../../src/cli/session/on-instances.ts";
import type { InstanceName } from "../../../../src/plan/step.ts";

const both = ["web/0", "web/1"] as InstanceName[];

test("an interrupted command ends only after the work on every instance has", async () => {
	const interrupt = new AbortController();
	const told: string[] = [];
	const letGo = Promise.withResolvers<void>();
	const work = async (instance: InstanceName) => {
		await new Promise((resolve) => interrupt.signal.addEventListener("abort", resolve));
		if (instance === "web/1") await letGo.promise;
		told.push(instance);
		throw interrupt.signal.reason;
	};
	const ended = onInstances(both, { emit: () => {}, signal: interrupt.signal }, work).catch((error: unknown) => {
		told.push("command");
		return error;
	});
	const reason = new Error("interrupted");
	// A turn of the event loop: the work on both has begun before the interrupt, and what could end by itself has ended after it.
	await new Promise(setImmediate);
	interrupt.abort(reason);
	await new Promise(setImmediate);
	letGo.resolve();
	expect(await ended).toBe(reason);
	expect(told).toEqual(["web/0", "web/1", "command"]);
});

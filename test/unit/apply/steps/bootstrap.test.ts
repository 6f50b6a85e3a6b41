import { expect, test } from "vitest";
import { bootstrapVm } from "../../../../src/apply/steps/bootstrap.ts";
import { applyWorld } from "../../../support/apply-fixtures.ts";
import { deployed, group } from "../../../support/plan-fixtures.ts";

const step = { kind: "bootstrap-vm", id: "b", title: "", after: [], instance: "g/0" } as const;

test.each([
	["is left when the login user's id was moved away", true, ["g/0"]],
	["stays otherwise", false, []],
])("the connection %s", async (_, reconnect, disconnected) => {
	const { record } = deployed(group("g"), 0);
	const numbers = { cpus: 1, memoryMib: 1, dataDiskMib: 1 };
	const facts = {
		os: "debian 12",
		kernel: "6",
		arch: "x86_64",
		bootId: "b",
		ids: "all",
		init: "other",
		...numbers,
		reconnect,
	};
	const { context, seen } = applyWorld({
		instances: record ? [record] : [],
		answer: () => ({ stdout: `${JSON.stringify(facts)}\n` }),
		more: { bootstrapScript: () => "true" },
	});
	await bootstrapVm(step, context);
	expect(seen.disconnected).toEqual(disconnected);
});

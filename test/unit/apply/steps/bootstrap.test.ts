import { expect, test } from "vitest";
import { bootstrapVm } from "../../../../src/apply/steps/bootstrap.ts";
import type { MachineFacts } from "../../../../src/machine/bootstrap/facts.ts";
import { applyWorld } from "../../../support/apply-fixtures.ts";
import { deployed, group } from "../../../support/plan-fixtures.ts";

const step = { kind: "bootstrap-vm", id: "b", title: "", after: [], instance: "g/0" } as const;

/** A bootstrap whose script tells this of the VM, whose clock differs from davit's by some minutes. */
function bootstrapped(more: Partial<MachineFacts>, minutes = 0) {
	const { record } = deployed(group("g"), 0);
	const world = applyWorld({
		instances: record ? [record] : [],
		answer: () => ({ stdout: `${JSON.stringify(facts)}\n` }),
		more: { bootstrapScript: () => "true" },
	});
	const facts: MachineFacts = {
		os: "debian 12",
		kernel: "6",
		arch: "x86_64",
		bootId: "b",
		ids: "all",
		init: "other",
		cpus: 1,
		memoryMib: 1,
		dataDiskMib: 1,
		reconnect: false,
		cgroups: "v2",
		appArmor: false,
		sudo: "sudo",
		network: "networkd",
		sshd: "service",
		tmpNoexec: false,
		clockMs: world.context.clock.now() + minutes * 60_000,
		...more,
	};
	return { done: bootstrapVm(step, world.context), seen: world.seen };
}

test.each([
	["is left when the login user's id was moved away", true, ["g/0"]],
	["stays otherwise", false, []],
])("the connection %s", async (_, reconnect, disconnected) => {
	const { done, seen } = bootstrapped({ reconnect });
	await done;
	expect(seen.disconnected).toEqual(disconnected);
});

test.each([
	[-60, "g/0: its clock is 60 minutes behind davit's"],
	[6, "g/0: its clock is 6 minutes ahead of davit's"],
])("a VM whose clock is %i minutes off is refused", async (minutes, message) => {
	await expect(bootstrapped({}, minutes).done).rejects.toMatchObject({
		problems: [expect.objectContaining({ code: "clock-differs", message })],
	});
});

test("a few minutes are nothing", async () => {
	await expect(bootstrapped({}, -4).done).resolves.toBeUndefined();
});

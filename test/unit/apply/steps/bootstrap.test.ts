import { expect, test } from "vitest";
import type { Agents } from "../../../../src/apply/context.ts";
import { bootstrapVm } from "../../../../src/apply/steps/bootstrap.ts";
import type { MachineFacts } from "../../../../src/machine/bootstrap/facts.ts";
import type { VmRecord } from "../../../../src/state/state.ts";
import { applyWorld } from "../../../support/apply-fixtures.ts";
import { machineFacts } from "../../../support/machine-facts.ts";
import { deployed, group } from "../../../support/plan-fixtures.ts";

const step = { kind: "bootstrap-vm", id: "b", title: "", after: [], instance: "g/0" } as const;

/** A bootstrap whose script tells this of the VM, whose clock differs from davit's by some minutes. */
function bootstrapped(more: Partial<MachineFacts>, minutes = 0, vm: Partial<VmRecord> = {}) {
	const made = deployed(group("g"), 0).record;
	const record = made?.vm && { ...made, vm: { ...made.vm, ...vm } };
	const told: string[] = [];
	const agents: Pick<Agents, "firstContact" | "retire"> = {
		firstContact: async () => {
			told.push("first contact");
			return { user: "bosh_davit", hostKey: "ssh-rsa AAAA" };
		},
		retire: async () => void told.push("retired"),
	};
	const world = applyWorld({
		instances: record ? [record] : [],
		answer: () => ({ stdout: `${JSON.stringify(facts)}\n` }),
		more: { bootstrapScript: () => "true", agents: agents as Agents },
	});
	const facts = machineFacts({ clockMs: world.context.clock.now() + minutes * 60_000, ...more });
	return { done: bootstrapVm(step, world.context), seen: world.seen, told };
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

const fresh = { bootstrapped: false, hostKeys: [], agent: "sealed" };
const met = { user: "bosh_davit", hostKeys: ["ssh-rsa AAAA"] };

// Where a run was cut short, the next one goes on: nothing is asked of an agent that may be gone, and its host key is never swapped.
test.each<[string, Partial<VmRecord>, readonly string[]]>([
	["asks its agent, then retires it", fresh, ["first contact", "retired"]],
	["goes on after the agent told of the host key", { ...fresh, ...met }, ["retired"]],
	["goes on after the agent was retired", { bootstrapped: false, ...met }, []],
])("the VM of a BOSH stemcell: %s", async (_, vm, asked) => {
	const { done, seen, told } = bootstrapped({}, 0, vm);
	await done;
	expect(told).toEqual(asked);
	expect(seen.scripts).toEqual([expect.stringContaining("true")]);
	const last = seen.changes.at(-1) as { readonly record: { readonly vm: VmRecord } };
	expect(last.record.vm).toMatchObject({ ...met, bootstrapped: true });
	expect(last.record.vm.agent).toBeUndefined();
});

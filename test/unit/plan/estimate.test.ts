import { expect, test } from "vitest";
import { estimate, type PastStep } from "../../../src/plan/estimate.ts";
import type { Step } from "../../../src/plan/step.ts";

/** A chain of kinds for an instance, after other steps. */
function chain(instance: string, kinds: readonly string[], after: readonly string[] = []): readonly Step[] {
	return kinds.map((kind, index) => {
		const before = index === 0 ? after : [`${kinds[index - 1]} ${instance}`];
		return { kind, id: `${kind} ${instance}`, title: "", after: before, instance } as unknown as Step;
	});
}
const past = (kind: string, object: string, ...seconds: readonly number[]): readonly PastStep[] =>
	seconds.map((each) => ({ kind, object, durationMs: each * 1000 }));
const known = [...past("create-vm", "a/0", 100, 10, 20), ...past("start", "a/0", 5), ...past("start", "b/0", 50)];

test.each<[string, readonly Step[], number, number]>([
	["one after the other", chain("a/0", ["create-vm", "start"]), 32, 25],
	["at once, if nothing waits", [...chain("a/0", ["create-vm"]), ...chain("b/0", ["create-vm"])], 32, 20],
	["one by one, if there is one place", [...chain("a/0", ["create-vm"]), ...chain("b/0", ["create-vm"])], 1, 40],
	["in the earliest place that is free", ["a/0", "b/0", "c/0"].flatMap((name) => chain(name, ["create-vm"])), 2, 40],
	["after others", [...chain("a/0", ["create-vm"]), ...chain("b/0", ["start"], ["create-vm a/0"])], 32, 70],
	["by the kind's median where the object is new", chain("new/0", ["start"]), 32, 50],
])("%s", (_, steps, concurrency, seconds) => {
	expect(estimate(steps, known, concurrency)).toEqual({ ms: seconds * 1000, samples: known.length, unknown: [] });
});

test("what was never done counts as no time, and is named; where nothing was ever done there is none", () => {
	expect(estimate(chain("a/0", ["start", "stop"]), known, 1)).toMatchObject({ ms: 5000, unknown: ["stop"] });
	expect(estimate(chain("a/0", ["stop"]), known, 1)).toBeUndefined();
	expect(estimate([], known, 1)).toBeUndefined();
});

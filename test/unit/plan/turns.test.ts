import { expect, test } from "vitest";
import type { InstanceDiff } from "../../../src/plan/diff-instance.ts";
import { planDeploy } from "../../../src/plan/plan-deploy.ts";
import { turnsOf } from "../../../src/plan/turns.ts";
import { desired, group, record, update } from "../../support/plan-fixtures.ts";

/** A plan that restarts every instance of groups of so many. */
function restart(groups: readonly (readonly [string, number, ReturnType<typeof update>])[]) {
	const diffs = groups.flatMap(([name, count, settings]) => {
		const of = group(name, { update: settings });
		return Array.from({ length: count }, (_, index): InstanceDiff => {
			const wanted = desired(of, index, { record: record(name, index) });
			return { desired: wanted, action: "update", vm: "keep", reasons: [{ reason: "restart" }], reachable: true };
		});
	});
	return planDeploy({
		deployment: "d",
		diffs,
		obsolete: [],
		orphanVms: [],
		unknownVariables: [],
		compiled: new Set(),
		firstDeploy: false,
		inputsChanged: false,
		options: { skipDrain: new Set() },
	});
}

test("canaries first, then max_in_flight at once, group by group; a group that is not serial goes with the one before", () => {
	const { steps, changes } = restart([
		["a", 4, update({ count: 1 }, { count: 2 })],
		["b", 1, update({ count: 1 }, { count: 1 }, { serial: false })],
		["c", 2, update({ count: 2 }, { count: 2 }, { serial: false })],
	]);
	expect(Object.fromEntries(turnsOf(steps))).toEqual({
		...{ "a/0": 1, "a/1": 2, "a/2": 2, "a/3": 3 },
		...{ "b/0": 4, "c/0": 4, "c/1": 4 },
	});
	expect(changes.flatMap(({ instance, canary }) => (canary ? [instance] : []))).toEqual(["a/0", "b/0", "c/0", "c/1"]);
});

test("what compiles on an instance's VM does not make others wait for its turn", () => {
	const compile = { kind: "compile-package", id: "compile-package p", title: "", after: [], instance: "a/0" };
	const install = {
		kind: "install-packages",
		id: "install-packages b/0",
		title: "",
		after: [compile.id],
		instance: "b/0",
	};
	const start = { kind: "start", id: "start b/0", title: "", after: [install.id], instance: "b/0" };
	expect([...turnsOf([compile, install, start] as never)]).toEqual([["b/0", 1]]);
});

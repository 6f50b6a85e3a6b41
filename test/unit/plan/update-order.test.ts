import fc from "fast-check";
import { expect, test } from "vitest";
import type { Amount } from "../../../src/manifest/deployment.ts";
import { updateOrder } from "../../../src/plan/update-order.ts";
import { created, desired, group, update } from "../../support/plan-fixtures.ts";

const eight = (maxInFlight: Amount, azCount: number, perAz: number, canaries: Amount = { count: 1 }) => {
	const of = group("r", { instances: azCount * perAz, update: update(canaries, maxInFlight) });
	return Array.from({ length: azCount * perAz }, (_, index) =>
		created(desired(of, index, { az: `z${(index % azCount) + 1}` })),
	);
};

/** The most that run at once if every update takes the same time, by zone. */
function mostTogether(diffs: ReturnType<typeof eight>, firstDeploy = false): Record<string, number> {
	const turns = updateOrder(diffs, firstDeploy);
	const round = new Map<string, number>();
	for (const { diff, after } of turns)
		round.set(diff.desired.name, 1 + Math.max(0, ...after.map((name) => round.get(name) ?? Number.NaN)));
	const counts: Record<string, number> = {};
	for (const number of new Set(round.values())) {
		const zones = turns
			.filter(({ diff }) => round.get(diff.desired.name) === number)
			.map(({ diff }) => diff.desired.placed.az);
		for (const zone of new Set(zones))
			counts[zone] = Math.max(counts[zone] ?? 0, zones.filter((other) => other === zone).length);
	}
	return counts;
}

test.each([
	["4 in flight, 2 a zone", { count: 4 }, 4, 2, { z1: 1, z2: 2, z3: 2, z4: 2 }],
	["50% of 2 is 1", { percent: 50 }, 4, 2, { z1: 1, z2: 1, z3: 1, z4: 1 }],
	["10% is at least 1", { percent: 10 }, 4, 2, { z1: 1, z2: 1, z3: 1, z4: 1 }],
	["50% of 3 is 1", { percent: 50 }, 2, 3, { z1: 1, z2: 1 }],
] as const)("%s", (_, maxInFlight, azCount, perAz, expected) => {
	expect(mostTogether(eight(maxInFlight, azCount, perAz))).toEqual(expected);
});

test("one canary goes first, alone, in the bootstrap instance's zone", () => {
	const turns = updateOrder(eight({ count: 4 }, 4, 2), false);
	expect(turns.filter(({ canary }) => canary).map(({ diff, after }) => [diff.desired.name, after])).toEqual([
		["r/0", []],
	]);
	expect(turns.slice(1).every(({ after }) => after.length > 0)).toBe(true);
});

test("the first deploy may pass over zones", () => {
	const of = group("r", { update: update({ count: 0 }, { count: 8 }, { initialDeployAzUpdateStrategy: "parallel" }) });
	const diffs = Array.from({ length: 8 }, (_, index) => created(desired(of, index, { az: `z${index % 4}` })));
	expect(updateOrder(diffs, true).every(({ after }) => after.length === 0)).toBe(true);
	expect(updateOrder(diffs, false).every(({ after }) => after.length === 0)).toBe(false);
});

test("never more than max_in_flight of a zone at once, and everyone has a turn", () => {
	fc.assert(
		fc.property(
			fc.integer({ min: 1, max: 5 }),
			fc.integer({ min: 1, max: 6 }),
			fc.integer({ min: 0, max: 4 }),
			fc.integer({ min: 1, max: 4 }),
			(azCount, perAz, canaries, limit) => {
				const diffs = eight({ count: limit }, azCount, perAz, { count: canaries });
				expect(updateOrder(diffs, false)).toHaveLength(diffs.length);
				expect(Math.max(...Object.values(mostTogether(diffs)))).toBeLessThanOrEqual(limit);
			},
		),
	);
});

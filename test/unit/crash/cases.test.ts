import { expect, test } from "vitest";
import { stepActions } from "../../../src/apply/steps.ts";
import { cases, elsewhere } from "../../crash/cases.ts";
import { seeded } from "../../crash/random.ts";

test("every kind of step is killed in some case, or it is said where else", () => {
	const covered = new Set([...cases.flatMap(({ covers }) => covers), ...Object.keys(elsewhere)]);
	expect(Object.keys(stepActions).filter((kind) => !covered.has(kind as never))).toEqual([]);
	expect([...covered].filter((kind) => !Object.hasOwn(stepActions, kind))).toEqual([]);
});

test("a seed alone decides which case comes next", () => {
	const [one, same, other] = [seeded(7), seeded(7), seeded(8)].map((random) => Array.from({ length: 20 }, random));
	expect(one).toEqual(same);
	expect(one).not.toEqual(other);
	expect((one ?? []).every((each) => each >= 0 && each < 1)).toBe(true);
});

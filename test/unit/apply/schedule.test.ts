import fc from "fast-check";
import { expect, test } from "vitest";
import { runSteps } from "../../../src/apply/schedule.ts";
import type { Step } from "../../../src/plan/step.ts";

const step = (id: string, after: string[] = []): Step => ({ kind: "record-deploy", id, title: id, after });
const never = new AbortController().signal;

test("a step runs once all it waits for has ended, never before", async () => {
	await fc.assert(
		fc.asyncProperty(
			fc.array(fc.array(fc.nat(20), { maxLength: 4 }), { maxLength: 20 }),
			fc.integer({ min: 1, max: 5 }),
			async (edges, concurrency) => {
				const steps = edges.map((after, index) =>
					step(
						`s${index}`,
						after.filter((other) => other < index).map((other) => `s${other}`),
					),
				);
				const done = new Set<string>();
				let running = 0;
				const { failures, left } = await runSteps(
					steps,
					async ({ id, after }) => {
						expect(after.every((before) => done.has(before))).toBe(true);
						running += 1;
						expect(running).toBeLessThanOrEqual(concurrency);
						await Promise.resolve();
						running -= 1;
						done.add(id);
					},
					{ signal: never, concurrency },
				);
				expect([failures, left, done.size]).toEqual([[], [], steps.length]);
			},
		),
	);
});

test("after a failure what runs is awaited and nothing new begins", async () => {
	const ended: string[] = [];
	const { failures, left } = await runSteps(
		[step("a"), step("b"), step("c", ["b"]), step("d", ["a"])],
		async ({ id }) => {
			if (id === "a") throw new Error("no");
			await new Promise((resolve) => setImmediate(resolve));
			ended.push(id);
		},
		{ signal: never, concurrency: 8 },
	);
	expect(failures.map(({ step: { id }, error }) => [id, String(error)])).toEqual([["a", "Error: no"]]);
	expect(ended).toEqual(["b"]);
	expect(left.map(({ id }) => id)).toEqual(["c", "d"]);
});

test("what goes on is brought to its end after a failure, up to what failed", async () => {
	const ended: string[] = [];
	const { failures, left } = await runSteps(
		[step("a1"), step("b1"), step("b2", ["b1"]), step("b3", ["b2"]), step("c1", ["a1"]), step("d", ["b3", "a1"])],
		async ({ id }) => {
			if (id === "a1" || id === "b3") throw new Error(id);
			await new Promise((resolve) => setImmediate(resolve));
			ended.push(id);
		},
		{ signal: never, concurrency: 8, goesOn: ({ id }) => id.startsWith("b") || id === "d" },
	);
	expect(failures.map(({ step: { id } }) => id)).toEqual(["a1", "b3"]);
	expect(ended).toEqual(["b1", "b2"]);
	expect(left.map(({ id }) => id)).toEqual(["c1", "d"]);
});

test("an interruption begins nothing new", async () => {
	const controller = new AbortController();
	const { left } = await runSteps([step("a"), step("b", ["a"])], async () => controller.abort(), {
		signal: controller.signal,
		concurrency: 8,
	});
	expect(left.map(({ id }) => id)).toEqual(["b"]);
});

test("a cycle is a bug that is told", async () => {
	await expect(
		runSteps([step("a", ["b"]), step("b", ["a"])], async () => {}, { signal: never, concurrency: 1 }),
	).rejects.toThrow("cycle: a, b");
});

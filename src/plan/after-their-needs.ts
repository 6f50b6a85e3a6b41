import type { Step } from "./step.ts";

/** The same steps, each behind those that it waits for, and else in the same order. */
export function afterTheirNeeds(steps: readonly Step[]): readonly Step[] {
	const byId = new Map(steps.map((step) => [step.id, step]));
	const placed = new Set<Step>();
	// Chains are as long as a platform is large: too long for recursion.
	const open: Step[] = [...steps].reverse();
	for (let step = open.at(-1); step; step = open.at(-1)) {
		const needs = placed.has(step) ? [] : step.after.flatMap((id) => byId.get(id) ?? []);
		const missing = needs.filter((need) => !placed.has(need));
		if (missing.length > 0) {
			open.push(...missing.reverse());
			continue;
		}
		placed.add(step);
		open.pop();
	}
	return [...placed];
}

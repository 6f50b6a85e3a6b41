import type { StepData } from "./instance-steps.ts";
import type { Step } from "./step.ts";
import { titleOf } from "./titles.ts";

/** Gives each its id and title, the first `after`, and each other the one before it. */
export function linked(chain: readonly StepData[], instance: string, after: readonly string[]): Step[] {
	let before = after;
	return chain.map((data) => {
		const step = {
			...data,
			id: [data.kind, instance, ...("name" in data && data.name !== undefined ? [data.name] : [])].join(" "),
			title: titleOf(data, instance),
			after: before,
			instance,
		} as Step;
		before = [step.id];
		return step;
	});
}

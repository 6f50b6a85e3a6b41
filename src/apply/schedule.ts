import type { Step } from "../plan/step.ts";

export interface ScheduleOptions {
	/** No new step begins once this aborts; those that run get the same signal and end by themselves. */
	readonly signal: AbortSignal;
	/** At most this many steps at once. */
	readonly concurrency: number;
	/** Steps that begin even after another has failed. Absent: none. */
	readonly goesOn?: (step: Step) => boolean;
}

/** How a run of steps ended. */
export interface Ended {
	readonly failures: readonly { readonly step: Step; readonly error: unknown }[];
	/** Those that never began. */
	readonly left: readonly Step[];
}

/**
 * Runs steps as soon as those in their `after` have finished. When one fails, what doesn't need it that is running already is
 * awaited, nothing new begins but what `goesOn`, and all failures are in the answer. Rejects only if the plan has a cycle or an unknown id.
 */
export async function runSteps(
	steps: readonly Step[],
	run: (step: Step) => Promise<void>,
	{ signal, concurrency, goesOn = () => false }: ScheduleOptions,
): Promise<Ended> {
	const known = new Set(steps.map(({ id }) => id));
	const waiting = new Map(steps.map((step) => [step.id, step.after.filter((id) => known.has(id)).length]));
	const dependents = new Map<string, Step[]>();
	for (const step of steps) for (const id of step.after) dependents.set(id, [...(dependents.get(id) ?? []), step]);
	const ready = steps.filter(({ id }) => waiting.get(id) === 0);
	const running = new Map<string, Promise<void>>();
	const begun = new Set<string>();
	const failures: { step: Step; error: unknown }[] = [];
	const begin = (step: Step) => {
		begun.add(step.id);
		const work = run(step)
			.then(() => {
				for (const dependent of dependents.get(step.id) ?? []) {
					const left = (waiting.get(dependent.id) ?? 0) - 1;
					waiting.set(dependent.id, left);
					if (left === 0) ready.push(dependent);
				}
			})
			.catch((error: unknown) => {
				failures.push({ step, error });
			})
			.finally(() => running.delete(step.id));
		running.set(step.id, work);
	};
	for (;;) {
		while (!signal.aborted && running.size < concurrency) {
			const next = failures.length === 0 ? 0 : ready.findIndex(goesOn);
			const [step] = next < 0 ? [] : ready.splice(next, 1);
			if (!step) break;
			begin(step);
		}
		if (running.size === 0) break;
		await Promise.race(running.values());
	}
	const left = steps.filter(({ id }) => !begun.has(id));
	if (failures.length === 0 && !signal.aborted && left.length > 0)
		throw new Error(`plan has a cycle: ${left.map(({ id }) => id).join(", ")}`);
	return { failures, left };
}

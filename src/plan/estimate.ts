import type { Step, StepKind } from "./step.ts";

/** How long one step took, in ms. */
export interface PastStep {
	readonly kind: string;
	/** The instance that it was about, or the step's id. */
	readonly object: string;
	readonly durationMs: number;
}

/** How long steps may take. Undefined if nothing is known of most of them. */
export interface Estimate {
	readonly ms: number;
	/** Past steps that it comes from. */
	readonly samples: number;
	/** Kinds of steps that nothing is known of: they count as no time. */
	readonly unknown: readonly StepKind[];
}

/**
 * The time that steps take, `concurrency` at once, if each takes as long as the like did before: the median of the same kind on the same
 * object, else of the kind. Undefined where no step of the plan has a past.
 */
export function estimate(steps: readonly Step[], past: readonly PastStep[], concurrency: number): Estimate | undefined {
	const byObject = medians(past, ({ kind, object }) => `${kind} ${object}`);
	const byKind = medians(past, ({ kind }) => kind);
	const durationOf = (step: Step) => byObject.get(`${step.kind} ${step.instance ?? step.id}`) ?? byKind.get(step.kind);
	if (!steps.some((step) => durationOf(step) !== undefined)) return undefined;
	const unknown = new Set(steps.flatMap((step) => (durationOf(step) === undefined ? [step.kind] : [])));
	const ms = Math.round(lastEnd(steps, (step) => durationOf(step) ?? 0, concurrency));
	return { ms, samples: past.length, unknown: [...unknown].sort() };
}

/** Each step begins when those before it have ended and a place is free, in the plan's order. */
function lastEnd(steps: readonly Step[], durationOf: (step: Step) => number, concurrency: number): number {
	const ends = new Map<string, number>();
	const places: number[] = [];
	for (const step of steps) {
		const ready = Math.max(0, ...step.after.map((id) => ends.get(id) ?? 0));
		const free = places.length < concurrency ? 0 : (places.shift() ?? 0);
		const end = Math.max(ready, free) + durationOf(step);
		ends.set(step.id, end);
		const at = places.findLastIndex((other) => other <= end) + 1;
		places.splice(at, 0, end);
	}
	return Math.max(0, ...ends.values());
}

function medians(past: readonly PastStep[], keyOf: (step: PastStep) => string): ReadonlyMap<string, number> {
	const groups = Map.groupBy(past, keyOf);
	return new Map(
		[...groups].map(([key, steps]) => {
			const sorted = steps.map(({ durationMs }) => durationMs).sort((a, b) => a - b);
			return [key, sorted[Math.floor(sorted.length / 2)] ?? 0] as const;
		}),
	);
}

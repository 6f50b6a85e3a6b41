import type { InstanceName, Step } from "./step.ts";

/** Steps that are no part of an instance's turn: they run as soon as they can, whoever's turn it is. */
const OUT_OF_TURN: ReadonlySet<Step["kind"]> = new Set(["compile-package", "install-packages", "post-deploy"]);

/**
 * In which turn each instance is updated, from 1: after those whose last step it waits for, as canaries, max_in_flight and the order of AZs
 * and groups make it. An instance that nothing orders is not in the answer.
 */
export function turnsOf(steps: readonly Step[]): ReadonlyMap<InstanceName, number> {
	const lastOf = new Map<InstanceName, string>();
	for (const { id, kind, instance } of steps)
		if (instance !== undefined && !OUT_OF_TURN.has(kind)) lastOf.set(instance, id);
	const endOf = new Map([...lastOf].map(([instance, id]) => [id, instance]));
	const turns = new Map<InstanceName, number>();
	for (const { kind, instance, after } of steps) {
		if (instance === undefined || OUT_OF_TURN.has(kind)) continue;
		const before = after.flatMap((id) => {
			const other = endOf.get(id);
			return other === undefined || other === instance ? [] : [turns.get(other) ?? 0];
		});
		turns.set(instance, Math.max(turns.get(instance) ?? 1, 1 + Math.max(0, ...before)));
	}
	return turns;
}

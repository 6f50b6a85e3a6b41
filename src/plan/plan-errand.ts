import type { InstanceName, Plan, Step } from "./step.ts";

/** A plan that runs errands, each on its instance, once what `base` holds has brought the instances up. */
export function planErrand(
	deployment: string,
	errands: readonly { readonly instance: InstanceName; readonly job: string }[],
	base?: Plan,
): Plan {
	const before = (base?.steps ?? []).filter(({ kind }) => kind !== "record-deploy" && kind !== "post-deploy");
	const waited = new Set(before.flatMap(({ after }) => after));
	const ends = before.map(({ id }) => id).filter((id) => !waited.has(id));
	const last = new Map<InstanceName, string>();
	const steps = errands.map(({ instance, job }): Step => {
		const earlier = last.get(instance);
		const id = `errand ${job} ${instance}`;
		last.set(instance, id);
		return {
			kind: "errand",
			id,
			title: `Running errand ${job} on ${instance}`,
			after: earlier ? [earlier] : ends,
			instance,
			job,
		};
	});
	return { deployment, steps: [...before, ...steps], changes: base?.changes ?? [] };
}

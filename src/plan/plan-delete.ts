import type { InstanceRecord } from "../state/state.ts";
import { obsoleteSteps } from "./instance-steps.ts";
import { linked } from "./linked.ts";
import { deleteUnwanted, type UnwantedVm } from "./spare-vms.ts";
import type { Plan, Step } from "./step.ts";

export interface DeleteInput {
	readonly deployment: string;
	readonly instances: readonly { readonly record: InstanceRecord; readonly reachable: boolean }[];
	readonly orphanVms: readonly UnwantedVm[];
	readonly skipDrain: boolean;
	/** False: some instances end, the deployment stays. */
	readonly forget: boolean;
}

/** The end of a deployment: groups in the reverse of the order in which they came up, what interrupted runs left behind before them, the record itself last. */
export function planDelete({ deployment, instances, orphanVms, skipDrain, forget }: DeleteInput): Plan {
	const orphans = orphanVms.map(deleteUnwanted);
	const steps: Step[] = [...orphans];
	let before: readonly string[] = orphans.map(({ id }) => id);
	const groups = [...new Set(instances.map(({ record }) => record.group))].reverse();
	for (const group of groups) {
		const chains = instances
			.filter(({ record }) => record.group === group)
			.map(({ record, reachable }) =>
				linked(obsoleteSteps(record, reachable, skipDrain), `${record.group}/${record.index}`, before),
			);
		steps.push(...chains.flat());
		before = chains.flatMap((chain) => chain.at(-1)?.id ?? []);
	}
	if (forget)
		steps.push({
			...{ kind: "forget-deployment", id: "forget-deployment", title: `Forgetting ${deployment}` },
			after: before,
		});
	const changes = instances.map(({ record }) => ({
		instance: `${record.group}/${record.index}`,
		action: "delete" as const,
		reasons: [{ reason: "obsolete" as const }],
	}));
	return { deployment, steps, changes };
}

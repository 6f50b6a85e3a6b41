import type { VmCid } from "../cpi/cpi.ts";
import type { InstanceRecord } from "../state/state.ts";
import { obsoleteSteps } from "./instance-steps.ts";
import { linked } from "./linked.ts";
import type { Plan, Step } from "./step.ts";

export interface DeleteInput {
	readonly deployment: string;
	readonly instances: readonly { readonly record: InstanceRecord; readonly reachable: boolean }[];
	readonly orphanVms: readonly { readonly cid: VmCid; readonly cpi: string; readonly name: string }[];
	readonly skipDrain: boolean;
	/** False: some instances end, the deployment stays. */
	readonly forget: boolean;
}

/** The end of a deployment: groups in the reverse of the order in which they came up, then what nobody recorded, then the record itself. */
export function planDelete({ deployment, instances, orphanVms, skipDrain, forget }: DeleteInput): Plan {
	const steps: Step[] = [];
	let before: readonly string[] = [];
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
	const orphans = orphanVms.map(
		({ cid, cpi, name }): Step => ({
			kind: "delete-orphan-vm",
			id: `delete-orphan-vm ${cid}`,
			title: `Deleting VM ${cid} (${name}), which nobody recorded`,
			after: [],
			cid,
			cpi,
		}),
	);
	steps.push(...orphans);
	const ends = [...before, ...orphans.map(({ id }) => id)];
	if (forget)
		steps.push({ kind: "forget-deployment", id: "forget-deployment", title: `Forgetting ${deployment}`, after: ends });
	const changes = instances.map(({ record }) => ({
		instance: `${record.group}/${record.index}`,
		action: "delete" as const,
		reasons: [{ reason: "obsolete" as const }],
	}));
	return { deployment, steps, changes };
}

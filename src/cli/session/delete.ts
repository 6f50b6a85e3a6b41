import type { ApplyContext } from "../../apply/context.ts";
import type { DeleteInput } from "../../plan/plan-delete.ts";
import { spareVms } from "../../plan/spare-vms.ts";
import { applyContext } from "./apply-context.ts";
import type { DeploymentRun } from "./deployment-run.ts";
import { observeAll } from "./observed.ts";

/** What a deployment's end (or that of `only` one group) is planned from, and what its steps work with. Nothing is rendered and no release is opened for it. */
export async function deletePieces(
	run: DeploymentRun,
	only?: string,
): Promise<{
	readonly input: Omit<DeleteInput, "deployment" | "skipDrain" | "forget">;
	readonly applyContext: ApplyContext;
}> {
	const { inputs, records } = run;
	const seen = await observeAll({ ...run, deployment: inputs.deployment.name });
	const order = inputs.deployment.instanceGroups.map(({ name }) => name);
	const instances = [...records.instances()]
		.filter(({ group }) => only === undefined || group === only)
		.sort((a, b) => order.indexOf(a.group) - order.indexOf(b.group) || a.index - b.index);
	return {
		input: {
			instances: instances.map(seen.withReach),
			orphanVms: [...seen.orphanVms, ...spareVms(instances)],
		},
		applyContext: applyContext({ ...run, desired: [], releases: new Map() }),
	};
}

import type { ApplyContext } from "../../apply/context.ts";
import { observe } from "../../apply/observe.ts";
import type { DeleteInput } from "../../plan/plan-delete.ts";
import { applyContext } from "./apply-context.ts";
import type { DeploymentRun } from "./deployment-run.ts";

/** What a deployment's end (or that of `only` one group) is planned from, and what its steps work with. Nothing is rendered and no release is opened for it. */
export async function deletePieces(
	run: DeploymentRun,
	only?: string,
): Promise<{
	readonly input: Omit<DeleteInput, "deployment" | "skipDrain" | "forget">;
	readonly applyContext: ApplyContext;
}> {
	const { context, inputs, store, records, cpis, machines } = run;
	const owner = { store: store.uuid, deployment: inputs.deployment.name };
	const seen = await observe({
		owner,
		instances: records.instances(),
		cpis: cpis.all(),
		connect: machines.connect,
		signal: context.signal,
	});
	const known = new Set<string>(records.instances().flatMap(({ vm }) => (vm ? [vm.cid] : [])));
	const order = inputs.deployment.instanceGroups.map(({ name }) => name);
	const instances = [...records.instances()]
		.filter(({ group }) => only === undefined || group === only)
		.sort((a, b) => order.indexOf(a.group) - order.indexOf(b.group) || a.index - b.index);
	return {
		input: {
			instances: instances.map((record) => ({
				record,
				reachable: seen.machines.get(`${record.group}/${record.index}`)?.reachable === true,
			})),
			orphanVms: seen.listing
				.filter(({ vm }) => !known.has(vm.cid))
				.map(({ cpi, vm }) => ({ cid: vm.cid as never, cpi, name: vm.name })),
		},
		applyContext: applyContext({ ...run, desired: [], releases: new Map() }),
	};
}

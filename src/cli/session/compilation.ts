import { problem, UserError } from "../../errors.ts";
import type { Cloud, Compilation } from "../../manifest/cloud.ts";
import type { ValueMap } from "../../manifest/deployment.ts";
import { compilationVms } from "../../plan/compilation-vms.ts";
import { heldAddresses } from "../../plan/place.ts";
import type { CompilationVms, CompileNeed } from "../../plan/plan-compile.ts";
import type { DeploymentRun } from "./deployment-run.ts";
import { addressesElsewhere, type DesiredState } from "./desired-state.ts";
import { propertiesFor } from "./vm-resources.ts";

/** The cloud with its `compilation` block. Throws a UserError if it has none. */
export function withCompilation(cloud: Cloud): Cloud & { readonly compilation: Compilation } {
	const { compilation } = cloud;
	if (compilation) return { ...cloud, compilation };
	throw new UserError(
		problem("no-compilation", "--compilation-vms: the cloud file has no compilation block", {
			hint: "add compilation: {workers: 2, network: NAME, az: NAME, vm_type: NAME} to it, or leave the option out: packages compile on the deployment's own VMs then",
		}),
	);
}

/** Plans the VMs of the cloud file's `compilation` block for what has to be compiled. Throws a UserError if there is no block, or no room. */
export function compilationVmsOf(
	run: DeploymentRun,
	{ desired, stemcells }: Pick<DesiredState, "desired" | "stemcells">,
): (needs: readonly CompileNeed[]) => Promise<CompilationVms> {
	const { inputs, records, context } = run;
	const cloud = withCompilation(inputs.cloud);
	return async (needs) => {
		const kept = records.lasting();
		const used = [
			...(await addressesElsewhere(run)),
			...kept.flatMap(heldAddresses),
			...desired.flatMap(({ placed }) => Object.values(placed.networks).flatMap(({ ip }) => ip ?? [])),
		];
		const { vms, problems } = compilationVms({
			deployment: inputs.deployment,
			cloud,
			needs,
			used: new Set(used),
			groups: new Set(kept.map(({ group }) => group)),
			newId: context.random.uuid,
			stemcell: stemcells.of,
			cloudProperties: await cloudPropertiesOf(cloud, run),
		});
		const errors = problems.filter(({ severity }) => severity === "error");
		if (errors.length > 0) throw new UserError(errors);
		for (const each of problems) context.emit({ type: "problem", problem: each });
		return vms;
	};
}

async function cloudPropertiesOf(
	{ azs, cpis, compilation }: ReturnType<typeof withCompilation>,
	run: DeploymentRun,
): Promise<ValueMap> {
	const cpi = azs.find(({ name }) => name === compilation.az)?.cpi ?? cpis[0]?.name ?? "";
	if (!compilation.vmResources) return compilation.cloudProperties;
	return propertiesFor(compilation.vmResources, run.cpis.get(cpi), run.context.signal);
}

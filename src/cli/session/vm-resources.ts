import type { Deployment, InstanceGroup, ValueMap } from "../../manifest/deployment.ts";
import type { Cpis } from "./cpis.ts";

/** A lookup takes no longer, in ms. */
const DEADLINE_MS = 60_000;

/** Asks each CPI which cloud properties it has for the `vm_resources` of each group. */
export async function vmResourceProperties(
	{ instanceGroups }: Deployment,
	cpis: Cpis,
	signal: AbortSignal,
): Promise<(group: InstanceGroup, cpi: string) => ValueMap | undefined> {
	const found = new Map<string, ValueMap>();
	for (const { name: group, vmResources } of instanceGroups) {
		if (!vmResources) continue;
		for (const [name, cpi] of cpis.all()) {
			const properties = await cpi.calculateVmCloudProperties(vmResources, { signal, deadlineMs: DEADLINE_MS });
			found.set(`${name} ${group}`, properties as ValueMap);
		}
	}
	return ({ name: group }, cpi) => found.get(`${cpi} ${group}`);
}

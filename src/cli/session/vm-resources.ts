import type { Cpi } from "../../cpi/cpi.ts";
import type { Deployment, InstanceGroup, ValueMap } from "../../manifest/deployment.ts";
import type { Cpis } from "./cpis.ts";

/** A lookup takes no longer, in ms. */
const DEADLINE_MS = 60_000;

/** The cloud properties that a CPI has for `vm_resources`. */
export async function propertiesFor(
	resources: NonNullable<InstanceGroup["vmResources"]>,
	cpi: Cpi,
	signal: AbortSignal,
): Promise<ValueMap> {
	return (await cpi.calculateVmCloudProperties(resources, { signal, deadlineMs: DEADLINE_MS })) as ValueMap;
}

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
			found.set(`${name} ${group}`, await propertiesFor(vmResources, cpi, signal));
		}
	}
	return ({ name: group }, cpi) => found.get(`${cpi} ${group}`);
}

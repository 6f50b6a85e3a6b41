import type { CloudResource, Cpi, DiskCid } from "../cpi/cpi.ts";
import type { DiskRecord } from "../state/state.ts";
import { listAll, type ObserveInput } from "./observe.ts";

export interface StrayDisksInput extends Pick<ObserveInput, "owner" | "cpis" | "signal"> {
	/** Disks that are recorded, whoever's they are. */
	readonly known: ReadonlySet<string>;
	/** Wall clock, ms since 1970. */
	readonly now: number;
}

/**
 * Disks of the deployment that are at a cloud and in no record: made by a run that slept past its lease in the midst of the call, when another
 * had looked for them already. They are recorded as orphaned, so that they are seen, and can be deleted or attached; none is ever formatted.
 */
export async function strayDisks({ known, now, ...input }: StrayDisksInput): Promise<readonly DiskRecord[]> {
	const found = await Promise.all([...input.cpis].map(([name, cpi]) => straysAt(name, cpi, known, input)));
	return found.flat().map(({ cpi, disk }) => recordOf(disk, cpi, { deployment: input.owner.deployment, now }));
}

async function straysAt(
	name: string,
	cpi: Cpi,
	known: ReadonlySet<string>,
	input: Pick<ObserveInput, "owner" | "signal">,
): Promise<readonly { readonly cpi: string; readonly disk: CloudResource }[]> {
	const info = cpi.info().can;
	if (!info.list || !info.persistentDisks) return [];
	const disks = await listAll(cpi, "disk", input);
	return disks.filter(({ cid }) => !known.has(cid)).map((disk) => ({ cpi: name, disk }));
}

/** As far as the disk's tags tell whose it was. */
function recordOf(
	{ cid, key = cid, sizeMib = 0, metadata }: CloudResource,
	cpi: string,
	{ deployment, now }: { readonly deployment: string; readonly now: number },
): DiskRecord {
	const {
		disk_name: name,
		instance_id: instance = "",
		instance_group: group = "",
		instance_index: index = "",
	} = metadata;
	return {
		...{ cid: cid as DiskCid, key, deployment, instance, instanceName: `${group}/${index}`, cpi, az: "", sizeMib },
		...{ mounted: true, orphanedAt: now, ...(name ? { name } : {}) },
	};
}

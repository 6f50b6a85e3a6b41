import { listAll } from "../../apply/observe.ts";
import type { CloudResource } from "../../cpi/cpi.ts";
import { problem, UserError } from "../../errors.ts";
import type { Plan } from "../../plan/step.ts";
import type { Cpis } from "./cpis.ts";

/** A snapshot of a persistent disk, at one of the deployment's clouds. */
export interface Snapshot {
	readonly cpi: string;
	readonly resource: CloudResource;
}

/** All that the deployment has, at every cloud that has such, the oldest first. */
export async function snapshotsOf(
	deployment: string,
	{
		cpis,
		store,
		signal,
	}: { readonly cpis: Cpis; readonly store: { readonly uuid: string }; readonly signal: AbortSignal },
): Promise<readonly Snapshot[]> {
	const owner = { store: store.uuid, deployment };
	const able = [...cpis.all()].filter(([, cpi]) => cpi.info().can.snapshots);
	const all = await Promise.all(
		able.map(async ([name, cpi]) =>
			(await listAll(cpi, "snapshot", { owner, signal })).map((resource) => ({ cpi: name, resource })),
		),
	);
	const at = ({ resource }: Snapshot) => resource.metadata.created_at ?? "";
	return all.flat().sort((a, b) => (at(a) < at(b) ? -1 : at(a) > at(b) ? 1 : 0));
}

/** A row for people and for programs. */
export function shownSnapshot({ cpi, resource: { cid, metadata } }: Snapshot) {
	const { instance_group: group, instance_index: index, disk, created_at } = metadata;
	return { snapshot_cid: cid, instance: `${group}/${index}`, disk_cid: disk, cpi, created_at };
}

/** Refuses a plan with snapshots on clouds that have none. Throws a UserError. */
export function refuseUnableClouds({ steps }: Plan, cpis: Cpis): void {
	const wanted = new Set(steps.flatMap((step) => (step.kind === "snapshot-disk" ? [step.cpi] : [])));
	const unable = [...wanted].filter((name) => !cpis.get(name).info().can.snapshots);
	if (unable.length === 0) return;
	throw new UserError(
		unable.map((name) =>
			problem("no-snapshots", `CPI "${name}" takes no snapshots of disks`, {
				hint: "back the data up by other means, as with an errand of its release",
			}),
		),
	);
}

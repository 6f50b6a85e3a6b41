import { strayDisks } from "../../apply/stray-disks.ts";
import type { DiskRecord, StateStore } from "../../state/state.ts";
import type { DeploymentRun } from "./deployment-run.ts";

/** Looks for disks of the deployment that are in no record, keeps them as orphaned, and says so. */
export async function keepStrayDisks(run: DeploymentRun): Promise<void> {
	const { inputs, store, lease, context } = run;
	const strays = await findStrayDisks(inputs.deployment.name, run);
	if (strays.length === 0) return;
	await store.write(
		lease.fence,
		strays.map((record) => ({ put: "disk", record })),
	);
	const names = strays.map(({ cid }) => cid).join(", ");
	const text = `At the cloud, and in no record: ${names}; kept, orphaned. davit disks --orphaned lists them, davit clean-up deletes them in time.`;
	context.emit({ type: "note", text });
}

/** Disks of the deployment that are at its clouds and in no record, of this deployment or of another. */
export async function findStrayDisks(
	deployment: string,
	{ store, records, cpis, context }: Pick<DeploymentRun, "store" | "records" | "cpis" | "context">,
): Promise<readonly DiskRecord[]> {
	const recorded = [...records.disks(), ...(await store.orphanedDisks())];
	const unknown = await strayDisks({
		owner: { store: store.uuid, deployment },
		cpis: cpis.all(),
		signal: context.signal,
		known: new Set(recorded.map(({ cid }) => cid)),
		now: context.clock.now(),
	});
	if (unknown.length === 0) return [];
	const elsewhere = await disksElsewhere(store);
	return unknown.filter(({ cid }) => !elsewhere.has(cid));
}

/** A disk keeps the tag of the deployment that made it, though attach-disk may have given it to another. */
async function disksElsewhere(store: StateStore): Promise<ReadonlySet<string>> {
	const recorded = await Promise.all((await store.deployments()).map(({ name }) => store.read(name)));
	return new Set(recorded.flatMap(({ disks }) => disks.map(({ cid }) => cid as string)));
}

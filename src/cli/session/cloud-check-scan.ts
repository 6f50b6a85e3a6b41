import { listAll } from "../../apply/observe.ts";
import type { Cpi, DiskCid, VmCid } from "../../cpi/cpi.ts";
import type { CloudView } from "../../health/cloud-problems.ts";
import { disksOf } from "../../plan/named-disks.ts";
import type { DiskRecord } from "../../state/state.ts";
import type { DeploymentRun } from "./deployment-run.ts";
import { type ObserveAllInput, observeAll } from "./observed.ts";
import { findStrayDisks } from "./stray-disks.ts";

/** Milliseconds for a cloud to say whether it has a disk. */
const HAS_MS = 60_000;

type Scanned = Pick<DeploymentRun, "context" | "store" | "records" | "cpis"> & Pick<ObserveAllInput, "machines">;

/** Asks the clouds and every VM of a deployment, as a deploy does before it plans. Changes nothing. */
export async function scanClouds(deployment: string, scanned: Scanned): Promise<CloudView> {
	const { store, records } = scanned;
	const [{ observed, orphanVms }, disks, unknownDisks, recorded] = await Promise.all([
		observeAll({ ...scanned, deployment }),
		lookForDisks(scanned),
		findStrayDisks(deployment, scanned),
		store.read(deployment),
	]);
	return {
		...observed,
		...disks,
		instances: records.lasting(),
		disks: records.disks(),
		orphanVms,
		unknownDisks,
		deployUnfinished: recorded.deployment?.unfinished !== undefined,
	};
}

/** Where the instances' disks are. One that another deployment had made carries that one's tag: all of the store's are listed. */
async function lookForDisks({
	context: { signal },
	store,
	records,
	cpis,
}: Scanned): Promise<Pick<CloudView, "places" | "goneDisks">> {
	const held = records.lasting().flatMap((record) => disksOf(record).map(({ disk }) => disk));
	const wanted = held.flatMap((cid) => records.disk(cid) ?? []);
	const places = new Map<DiskCid, { attachedTo?: VmCid }>();
	const goneDisks = new Set<DiskCid>();
	const byCpi = Map.groupBy(wanted, ({ cpi }) => cpi);
	const at = async ([name, disks]: readonly [string, readonly DiskRecord[]]) => {
		const cpi = cpis.get(name);
		const listed = await listDisks(cpi, store.uuid, signal);
		for (const { cid } of disks) {
			const found = listed?.get(cid);
			if (found) places.set(cid, found);
			else if (!(await cpi.hasDisk(cid, { signal, deadlineMs: HAS_MS }))) goneDisks.add(cid);
		}
	};
	await Promise.all([...byCpi].map(at));
	return { places, goneDisks };
}

/** Undefined: the cloud has no list. */
async function listDisks(
	cpi: Cpi,
	store: string,
	signal: AbortSignal,
): Promise<ReadonlyMap<string, { attachedTo?: VmCid }> | undefined> {
	if (!cpi.info().can.list) return undefined;
	const disks = await listAll(cpi, "disk", { owner: { store }, signal });
	return new Map(disks.map(({ cid, attachedTo }) => [cid, attachedTo === undefined ? {} : { attachedTo }]));
}

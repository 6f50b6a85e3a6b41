import type { CallOptions, Cpi, DiskCid, VmCid } from "../cpi/cpi.ts";
import { named } from "../plan/named-disks.ts";
import { recordedVms } from "../plan/spare-vms.ts";
import type { Change, DiskRecord, Intent, Lease, SpareVm, StateStore, VmRecord } from "../state/state.ts";
import { withoutVm } from "./next-vm.ts";
import type { Records } from "./records.ts";
import { SERVE } from "./steps/peer-packages.ts";
import { unorphanDisk } from "./unorphan-disk.ts";

export interface ResumeInput {
	readonly deployment: string;
	readonly store: StateStore;
	readonly lease: Lease;
	readonly records: Records;
	readonly cpi: (name: string) => Cpi;
	readonly options: CallOptions;
	readonly now: () => number;
}

/**
 * Settles what an earlier run had begun and not recorded. A create is looked up at the cloud by the key that was journaled: what it made is
 * taken over, so that it is neither lost nor made twice; an orphaned disk that was attached is the instance's; a VM whose deletion had begun
 * is marked as such, since half of it may be gone. What VMs served to each other is cleared away at the end of the run. Everything else is left to the plan, which looks at what is there.
 */
export async function settleIntents(intents: readonly Intent[], input: ResumeInput): Promise<void> {
	for (const intent of intents) {
		if (intent.verb === SERVE) continue;
		const changes = await changesOf(intent, input);
		await input.store.finish(input.lease.fence, intent.id, { ok: false, problems: [] }, changes);
	}
}

async function changesOf(intent: Intent, input: ResumeInput): Promise<readonly Change[]> {
	const { instance, cpi } = intent.data as { instance?: string; cpi?: string };
	if (intent.verb === "deleteDisk" && cpi) return forgetDisk(intent, cpi, input);
	if (!instance || !cpi || !input.records.find(instance)) return [];
	if (intent.verb === "createVm") return takeOverVm(intent, instance, cpi, input);
	if (intent.verb === "createDisk") return takeOverDisk(intent, instance, cpi, input);
	if (intent.verb === "deleteVm") return forgetDeleted(intent, instance, cpi, input);
	if (intent.verb === "attachDisk" && intent.data.unorphan === true)
		return takeOverOrphan(intent, instance, cpi, input);
	return [];
}

async function takeOverVm(
	intent: Intent,
	instance: string,
	cpi: string,
	{ records, options, now, ...input }: ResumeInput,
): Promise<readonly Change[]> {
	const found = await input.cpi(cpi).find(intent.key, options);
	// One that does not run may lack what its user data was to bring. Nobody records it, so the plan deletes it.
	const { shape, hostKeys, agent, next } = intent.data as unknown as JournaledVm;
	const record = records.get(instance);
	const isTaken = next ? !record.vm || record.nextVm !== undefined : record.vm !== undefined;
	if (!found || found.state === "stopped" || isTaken) return [];
	const vm = {
		cid: found.cid as VmCid,
		key: intent.key,
		cpi,
		createdAt: now(),
		shape,
		hostKeys,
		...(agent !== undefined && { agent }),
		...(found.ephemeralDisk && { ephemeralDisk: found.ephemeralDisk }),
		bootstrapped: false,
	};
	if (next) return [records.update(instance, { nextVm: { ...vm, ips: next.ips } })];
	return [records.update(instance, { vm, dirty: true, atRest: true }, ["applied"])];
}

/** What the intent of a creation says. */
interface JournaledVm extends Pick<VmRecord, "shape" | "hostKeys" | "agent"> {
	/** It was to take the place of the instance's VM. */
	readonly next?: Pick<SpareVm, "ips">;
}

async function takeOverDisk(
	intent: Intent,
	instance: string,
	cpi: string,
	{ records, options, ...input }: ResumeInput,
): Promise<readonly Change[]> {
	const found = await input.cpi(cpi).find(intent.key, options);
	const record = records.get(instance);
	const { az, sizeMib, name, ...data } = intent.data as { az: string; sizeMib: number; name?: string };
	// An older davit journaled no cloud properties.
	const { copyOf, cloudProperties = {} } = data as Partial<Pick<DiskRecord, "copyOf" | "cloudProperties">>;
	const held = name === undefined ? record.disk : record.disks?.[name];
	if (!found || held !== copyOf?.disk) return [];
	const cid = found.cid as DiskCid;
	const disk = {
		cid,
		key: intent.key,
		deployment: input.deployment,
		instance: record.id,
		instanceName: instance,
		cpi,
		az,
		sizeMib,
		cloudProperties,
		mounted: false,
		...named(name),
	};
	return copyOf ? [records.putDisk({ ...disk, copyOf })] : records.giveDisk(instance, disk);
}

async function takeOverOrphan(
	intent: Intent,
	instance: string,
	cpi: string,
	{ records, options, deployment, store, now, ...input }: ResumeInput,
): Promise<readonly Change[]> {
	const vm = intent.data.vm as VmCid;
	if (!(await input.cpi(cpi).getDisks(vm, options)).includes(intent.key as DiskCid)) return [];
	const disk = (await store.orphanedDisks()).find((orphan) => orphan.cid === intent.key && orphan.cpi === cpi);
	const { name } = intent.data as { name?: string };
	return disk ? unorphanDisk(instance, { disk, name }, { records, deployment, now: now() }) : [];
}

async function forgetDeleted(
	intent: Intent,
	instance: string,
	cpi: string,
	{ records, options, ...input }: ResumeInput,
): Promise<readonly Change[]> {
	const cid = intent.key as VmCid;
	const record = records.get(instance);
	if (!recordedVms(record).includes(cid)) return [];
	if (!(await input.cpi(cpi).hasVm(cid, options))) return withoutVm(instance, cid, records);
	const { vm, nextVm } = record;
	if (vm?.cid === cid) return [records.update(instance, { vm: { ...vm, deleting: true } })];
	return nextVm?.cid === cid ? [records.update(instance, { nextVm: { ...nextVm, deleting: true } })] : [];
}

/** A disk that was being deleted, as by `davit clean-up`: it is gone, or it is orphaned still. */
async function forgetDisk(intent: Intent, name: string, { cpi, options }: ResumeInput): Promise<readonly Change[]> {
	const cid = intent.key as DiskCid;
	return (await cpi(name).hasDisk(cid, options)) ? [] : [{ delete: "disk", cid }];
}

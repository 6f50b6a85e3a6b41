import { problem, UserError } from "../../errors.ts";
import { mountDiskScript, unmountDiskScript } from "../../machine/disk.ts";
import type { Step } from "../../plan/step.ts";
import type { DiskRecord, InstanceRecord } from "../../state/state.ts";
import { type ApplyContext, callOptions, effect } from "../context.ts";
import { runScript } from "../run-script.ts";
import { unorphanDisk } from "../unorphan-disk.ts";

type Of<K extends Step["kind"]> = Extract<Step, { kind: K }> & { instance: string };

/** Where a persistent disk is mounted, as in BOSH. */
const STORE = "/var/vcap/store";

/** Makes the persistent disk and gives it to the instance. */
export async function createDisk(step: Of<"create-disk">, context: ApplyContext): Promise<void> {
	const { records, lease } = context;
	const record = records.get(step.instance);
	const key = `${context.owner.deployment}-${step.instance.replace("/", "-")}-disk-${record.id.slice(0, 8)}-${lease.fence.number}`;
	const request = {
		key,
		owner: context.owner,
		sizeMib: step.sizeMib,
		cloudProperties: step.cloudProperties,
		...(record.vm ? { vm: record.vm.cid } : {}),
		metadata: diskMetadata(record, context),
	};
	const data = { instance: step.instance, cpi: step.cpi, az: step.az, sizeMib: step.sizeMib };
	await effect(
		context,
		{ verb: "createDisk", key, data },
		() => context.cpi(step.cpi).createDisk(request, callOptions(context, "createDisk")),
		(cid) => {
			const disk: DiskRecord = {
				cid,
				key,
				deployment: context.deployment,
				instance: record.id,
				instanceName: step.instance,
				cpi: step.cpi,
				az: step.az,
				sizeMib: step.sizeMib,
				cloudProperties: step.cloudProperties,
				mounted: false,
			};
			return [records.putDisk(disk), records.update(step.instance, { disk: cid })];
		},
	);
}

/** Tags of a disk at the cloud, with BOSH's names. */
function diskMetadata({ group, id, index }: InstanceRecord, { deployment }: ApplyContext): Record<string, string> {
	return { deployment, instance_group: group, instance_id: id, instance_index: String(index) };
}

/**
 * Attaches the disk and mounts it; formats it only if davit made it and no guest ever mounted it. An orphaned one becomes the instance's with
 * the same write that records its attachment: a cloud that refuses it leaves the instance what it had.
 */
export async function attachDisk(step: Of<"attach-disk">, context: ApplyContext): Promise<void> {
	const { records, store, lease, clock, deployment } = context;
	const { unorphan } = step;
	const record = records.get(step.instance);
	const wanted = unorphan ?? (record.disk && records.disk(record.disk));
	const vm = record.vm;
	if (!wanted || !vm) throw new Error(`${step.instance} has no disk or no VM to attach it to`);
	const { cid, cpi } = wanted;
	if (unorphan)
		await effect(
			context,
			{ verb: "setDiskMetadata", key: cid, data: { instance: step.instance, cpi } },
			() => context.cpi(cpi).setDiskMetadata(cid, diskMetadata(record, context), callOptions(context)),
			() => [],
		);
	const hint = await effect(
		context,
		{
			verb: "attachDisk",
			key: cid,
			data: { instance: step.instance, vm: vm.cid, cpi, ...(unorphan ? { unorphan: true } : {}) },
		},
		() => context.cpi(cpi).attachDisk(vm.cid, cid, { ...callOptions(context), mountPoint: STORE }),
		() => (unorphan ? unorphanDisk(step.instance, unorphan, { records, deployment, now: clock.now() }) : []),
	);
	await runScript(
		context,
		step,
		mountDiskScript(hint, {
			mountPoint: STORE,
			fileSystem: step.fileSystem,
			mayFormat: !wanted.mounted,
			mountOptions: step.mountOptions,
		}),
		"disk-not-mounted",
	);
	const disk = records.disk(cid);
	if (disk && !disk.mounted)
		await store.write(lease.fence, [
			records.putDisk({ ...disk, mounted: true, mountedByCloud: hint.kind === "mounted" }),
		]);
}

/** Unmounts where the VM answers, and detaches. */
export async function detachDisk(step: Of<"detach-disk">, context: ApplyContext): Promise<void> {
	const { records } = context;
	const ownMount =
		records.disk(step.disk)?.mountedByCloud !== true && records.get(step.instance).vm?.bootstrapped === true;
	if (ownMount && (await context.answers(step.instance)))
		await runScript(context, step, unmountDiskScript(STORE), "disk-busy");
	await effect(
		context,
		{ verb: "detachDisk", key: step.disk, data: { instance: step.instance, vm: step.vm, cpi: step.cpi } },
		() => context.cpi(step.cpi).detachDisk(step.vm, step.disk, callOptions(context)),
		() => [],
	);
}

/** Grows the disk at the cloud; the file system follows when it is attached next. */
export async function resizeDisk(step: Of<"resize-disk">, context: ApplyContext): Promise<void> {
	const { records } = context;
	const disk = records.disk(step.disk);
	if (!disk) throw new UserError(problem("disk-unknown", `${step.instance}: disk ${step.disk} is not recorded`));
	await effect(
		context,
		{ verb: "resizeDisk", key: step.disk, data: { instance: step.instance, sizeMib: step.sizeMib, cpi: step.cpi } },
		() => context.cpi(step.cpi).resizeDisk(step.disk, step.sizeMib, callOptions(context)),
		() => [records.putDisk({ ...disk, sizeMib: step.sizeMib })],
	);
}

/** The disk is nobody's from now on, and kept: `davit disks --orphaned` lists it. */
export async function orphanDisk(step: Of<"orphan-disk">, context: ApplyContext): Promise<void> {
	const { records, store, lease, clock } = context;
	const disk = records.disk(step.disk);
	const orphaned = disk ? [records.putDisk({ ...disk, orphanedAt: clock.now() })] : [];
	await store.write(lease.fence, [...orphaned, records.update(step.instance, {}, ["disk"])]);
}

/** Keeps what is on the disk at this moment. The cloud's own tags say of what it is. */
export async function snapshotDisk(step: Of<"snapshot-disk">, context: ApplyContext): Promise<void> {
	const { records, lease, clock } = context;
	const key = `${context.owner.deployment}-${step.instance.replace("/", "-")}-snapshot-${lease.fence.number}`;
	const metadata = {
		...diskMetadata(records.get(step.instance), context),
		disk: step.disk,
		created_at: new Date(clock.now()).toISOString(),
	};
	const request = { key, owner: context.owner, metadata };
	await effect(
		context,
		{ verb: "snapshotDisk", key, data: { instance: step.instance, cpi: step.cpi, disk: step.disk } },
		() => context.cpi(step.cpi).snapshotDisk(step.disk, request, callOptions(context)),
		() => [],
	);
}

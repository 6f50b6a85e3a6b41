import type { DiskCid, VmCid } from "../../cpi/cpi.ts";
import { CpiError } from "../../cpi/errors.ts";
import { problem, UserError } from "../../errors.ts";
import { mountDiskScript, unmountDiskScript } from "../../machine/disk.ts";
import { MIGRATION_TARGET, STORE } from "../../machine/layout.ts";
import { named } from "../../plan/named-disks.ts";
import type { Step } from "../../plan/step.ts";
import type { Change, DiskRecord, InstanceRecord } from "../../state/state.ts";
import { type ApplyContext, callOptions, effect } from "../context.ts";
import { runScript } from "../run-script.ts";
import { orphaned, unorphanDisk } from "../unorphan-disk.ts";

type Of<K extends Step["kind"]> = Extract<Step, { kind: K }> & { instance: string };

/** Makes the persistent disk and gives it to the instance; or one that the instance's is to be copied to. */
export async function createDisk(step: Of<"create-disk">, context: ApplyContext): Promise<void> {
	const { records, lease } = context;
	const record = records.get(step.instance);
	const { name } = step;
	const owned = `${context.owner.deployment}-${step.instance.replace("/", "-")}-disk-${record.id.slice(0, 8)}-${lease.fence.number}`;
	const key = name === undefined ? owned : `${owned}-${name}`;
	const request = {
		key,
		owner: context.owner,
		sizeMib: step.sizeMib,
		cloudProperties: step.cloudProperties,
		...(record.vm ? { vm: record.vm.cid } : {}),
		metadata: diskMetadata(record, context, name),
	};
	const { cpi, az, sizeMib, cloudProperties } = step;
	const copyOf = step.copyOf && { disk: step.copyOf, whole: false };
	await effect(
		context,
		{
			verb: "createDisk",
			key,
			data: {
				instance: step.instance,
				cpi,
				az,
				sizeMib,
				cloudProperties,
				...(copyOf ? { copyOf } : {}),
				...named(name),
			},
		},
		() => context.cpi(cpi).createDisk(request, callOptions(context, "createDisk")),
		(cid) => {
			const disk: DiskRecord = {
				cid,
				key,
				deployment: context.deployment,
				instance: record.id,
				instanceName: step.instance,
				cpi,
				az,
				sizeMib,
				cloudProperties,
				mounted: false,
				...named(name),
			};
			return copyOf ? [records.putDisk({ ...disk, copyOf })] : records.giveDisk(step.instance, disk);
		},
	);
}

/** Tags of a disk at the cloud, with BOSH's names; and which of several it is. */
function diskMetadata(
	{ group, id, index }: InstanceRecord,
	{ deployment }: ApplyContext,
	name?: string,
): Record<string, string> {
	const tags = { deployment, instance_group: group, instance_id: id, instance_index: String(index) };
	return name === undefined ? tags : { ...tags, disk_name: name };
}

/**
 * Attaches the disk and mounts it; formats it only if davit made it and no guest ever mounted it. An orphaned one becomes the instance's with
 * the same write that records its attachment: a cloud that refuses it leaves the instance what it had.
 */
export async function attachDisk(step: Of<"attach-disk">, context: ApplyContext): Promise<void> {
	const { records, clock, deployment } = context;
	const { unorphan } = step;
	const record = records.get(step.instance);
	const wanted = unorphan ?? (record.disk && records.disk(record.disk));
	if (!wanted) throw new Error(`${step.instance} has no disk to attach`);
	if (unorphan) await tagDisk(step.instance, unorphan, undefined, context);
	await mountDisk(step, wanted, STORE, context, {
		data: unorphan ? { unorphan: true } : {},
		changes: () =>
			unorphan ? unorphanDisk(step.instance, { disk: unorphan }, { records, deployment, now: clock.now() }) : [],
	});
}

/** Says at the cloud whose an orphaned disk is to be. */
export async function tagDisk(
	instance: string,
	{ cid, cpi, name: former }: DiskRecord,
	name: string | undefined,
	context: ApplyContext,
): Promise<void> {
	const tags = diskMetadata(context.records.get(instance), context, former === undefined ? name : (name ?? ""));
	await effect(
		context,
		{ verb: "setDiskMetadata", key: cid, data: { instance, cpi } },
		() => context.cpi(cpi).setDiskMetadata(cid, tags, callOptions(context)),
		() => [],
	);
}

/** Attaches a disk to the instance's VM and mounts it there, with what is journaled and written besides. */
export async function mountDisk(
	step: Of<"attach-disk" | "copy-disk">,
	{ cid, cpi, mounted }: DiskRecord,
	mountPoint: string,
	context: ApplyContext,
	besides: { readonly data: Readonly<Record<string, unknown>>; readonly changes: () => readonly Change[] } = {
		data: {},
		changes: () => [],
	},
): Promise<void> {
	const { records, store, lease } = context;
	const { vm } = records.get(step.instance);
	if (!vm) throw new Error(`${step.instance} has no VM to attach a disk to`);
	const hint = await effect(
		context,
		{ verb: "attachDisk", key: cid, data: { instance: step.instance, vm: vm.cid, cpi, ...besides.data } },
		() => context.cpi(cpi).attachDisk(vm.cid, cid, { ...callOptions(context), mountPoint }),
		besides.changes,
	);
	const { fileSystem, mountOptions } = step;
	const script = mountDiskScript(hint, { mountPoint, fileSystem, mayFormat: !mounted, mountOptions });
	const { stdout } = await runScript(context, step, script, "disk-not-mounted");
	const disk = records.disk(cid);
	if (!disk) return;
	const found = stdout.trim() === "" ? {} : { fileSystem: stdout.trim() };
	const seen: DiskRecord = { ...disk, ...found, mounted: true, mountedByCloud: hint.kind === "mounted" };
	const isNew = !disk.mounted || seen.mountedByCloud !== disk.mountedByCloud || seen.fileSystem !== disk.fileSystem;
	if (isNew) await store.write(lease.fence, [records.putDisk(seen)]);
}

type LettingGo = Of<"detach-disk" | "copy-disk" | "discard-copy">;

/** Unmounts what is at a mount point, unless the cloud does that itself. */
export async function unmountDisk(
	step: LettingGo,
	disk: DiskRecord | undefined,
	mountPoint: string,
	context: ApplyContext,
): Promise<void> {
	if (disk?.mountedByCloud !== true) await runScript(context, step, unmountDiskScript(mountPoint), "disk-busy");
}

/** Takes a disk from a VM that has unmounted it. */
export async function detach(
	{ instance }: LettingGo,
	{ disk, vm, cpi }: { readonly disk: DiskCid; readonly vm: VmCid; readonly cpi: string },
	context: ApplyContext,
	changes: () => readonly Change[] = () => [],
): Promise<void> {
	await effect(
		context,
		{ verb: "detachDisk", key: disk, data: { instance, vm, cpi } },
		() => context.cpi(cpi).detachDisk(vm, disk, callOptions(context)),
		changes,
	);
}

/** Unmounts where the VM answers, and detaches: what the disk was being copied to as well. */
export async function detachDisk(step: Of<"detach-disk">, context: ApplyContext): Promise<void> {
	const { records } = context;
	const copy = records.copyOf(step.disk);
	if (copy) await letGo(step, { ...step, disk: copy.cid }, MIGRATION_TARGET, context);
	await letGo(step, step, STORE, context);
}

/** The same of any disk; one of a VM that does not answer is taken from it as it is. */
export async function letGo(
	step: LettingGo,
	from: { readonly disk: DiskCid; readonly vm: VmCid; readonly cpi: string },
	mountPoint: string,
	context: ApplyContext,
	changes: () => readonly Change[] = () => [],
): Promise<void> {
	const { records } = context;
	const disk = records.disk(from.disk);
	const ownMount = disk?.mountedByCloud !== true && records.get(step.instance).vm?.bootstrapped === true;
	if (ownMount && (await context.answers(step.instance))) await unmountDisk(step, disk, mountPoint, context);
	await detach(step, from, context, changes);
}

/** Grows the disk at the cloud; the file system follows when it is attached next. A cloud that can't grow this one is not asked again. */
export async function resizeDisk(step: Of<"resize-disk">, context: ApplyContext): Promise<void> {
	const { records, store, lease } = context;
	const disk = records.disk(step.disk);
	if (!disk) throw new UserError(problem("disk-unknown", `${step.instance}: disk ${step.disk} is not recorded`));
	try {
		await effect(
			context,
			{ verb: "resizeDisk", key: step.disk, data: { instance: step.instance, sizeMib: step.sizeMib, cpi: step.cpi } },
			() => context.cpi(step.cpi).resizeDisk(step.disk, step.sizeMib, callOptions(context)),
			() => [records.putDisk({ ...disk, sizeMib: step.sizeMib })],
		);
	} catch (error) {
		if (!(error instanceof CpiError) || error.kind !== "unsupported") throw error;
		await store.write(lease.fence, [records.putDisk({ ...disk, cannotGrow: true })]);
		const message = `${step.instance}: CPI ${step.cpi} can't grow disk ${step.disk}: ${error.message}`;
		const hint =
			step.name === undefined
				? "run the same command again: what is on the disk is then copied to a larger one"
				: "want the size that it has; or add a disk of another name, and let the jobs move their data to it";
		throw new UserError(problem("disk-cannot-grow", message, { hint }), { cause: error });
	}
}

/** The disk is nobody's from now on, and kept: `davit disks --orphaned` lists it. */
export async function orphanDisk(step: Of<"orphan-disk">, context: ApplyContext): Promise<void> {
	const { records, store, lease, clock } = context;
	const disk = records.disk(step.disk);
	const changes = disk ? orphaned(disk, records, clock.now()) : [];
	await store.write(lease.fence, [...changes, records.takeDisk(step.instance, step.name)]);
}

/** Keeps what is on the disk at this moment. The cloud's own tags say of what it is. */
export async function snapshotDisk(step: Of<"snapshot-disk">, context: ApplyContext): Promise<void> {
	const { records, lease, clock } = context;
	const key = `${context.owner.deployment}-${step.instance.replace("/", "-")}-snapshot-${lease.fence.number}${step.name === undefined ? "" : `-${step.name}`}`;
	const metadata = {
		...diskMetadata(records.get(step.instance), context, step.name),
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

import { copyDiskScript } from "../../machine/disk-copy.ts";
import { MIGRATION_TARGET, STORE } from "../../machine/layout.ts";
import type { Step } from "../../plan/step.ts";
import type { ApplyContext } from "../context.ts";
import { runScript } from "../run-script.ts";
import { orphaned } from "../unorphan-disk.ts";
import { detach, letGo, mountDisk, unmountDisk } from "./disk.ts";

type Of<K extends Step["kind"]> = Extract<Step, { kind: K }> & { instance: string };

/**
 * Copies the instance's disk to the one that was made for it, and gives that to the instance. As long as the copy is not whole, and recorded as
 * such, the instance has the old one; with the write that records that the VM has let go of that, it is orphaned, and the new one is the instance's.
 */
export async function copyDisk(step: Of<"copy-disk">, context: ApplyContext): Promise<void> {
	const { records, store, lease, clock } = context;
	const { instance, disk, cpi } = step;
	const { vm } = records.get(instance);
	const from = records.disk(disk);
	const to = records.copyOf(disk);
	if (!vm || !from || !to) throw new Error(`${instance} has no VM, no disk, or none to copy it to`);
	await mountDisk(step, from, STORE, context);
	await mountDisk(step, to, MIGRATION_TARGET, context);
	const whole = to.copyOf?.whole === true;
	await runScript(context, step, copyDiskScript({ from: STORE, to: MIGRATION_TARGET, whole }), "disk-not-copied", {
		onLine: (_, text) => context.emit({ type: "step-progress", id: step.id, text }),
	});
	const copied = { ...to, ...records.disk(to.cid) };
	await store.write(lease.fence, [records.putDisk({ ...copied, copyOf: { disk, whole: true } })]);
	await unmountDisk(step, copied, MIGRATION_TARGET, context);
	if (copied.mountedByCloud) await detach(step, { disk: to.cid, vm: vm.cid, cpi }, context);
	await unmountDisk(step, records.disk(disk), STORE, context);
	await detach(step, { disk, vm: vm.cid, cpi }, context, () => {
		const { copyOf: _, ...own } = copied;
		const former = records.disk(disk) ?? from;
		return [
			records.putDisk(own),
			records.putDisk({ ...former, orphanedAt: clock.now() }),
			records.update(instance, { disk: to.cid }),
		];
	});
}

/** Takes from the VM what the instance's disk was being copied to, and orphans it. */
export async function discardCopy(step: Of<"discard-copy">, context: ApplyContext): Promise<void> {
	const { records, store, lease, clock } = context;
	const { vm } = records.get(step.instance);
	const copy = records.disk(step.disk);
	if (!copy) return;
	const changes = () => orphaned(copy, records, clock.now());
	if (vm) await letGo(step, { disk: step.disk, vm: vm.cid, cpi: step.cpi }, MIGRATION_TARGET, context, changes);
	else await store.write(lease.fence, changes());
}

import { associateDiskScript, diskPath, dissociateDiskScript } from "../../machine/associate-disk.ts";
import type { Step } from "../../plan/step.ts";
import type { ApplyContext } from "../context.ts";
import { callOptions, effect } from "../context.ts";
import { runScript } from "../run-script.ts";
import { unorphanDisk } from "../unorphan-disk.ts";
import { detach, tagDisk } from "./disk.ts";

type Of<K extends Step["kind"]> = Extract<Step, { kind: K }> & { instance: string };

/** Attaches a disk of `persistent_disks` and shows it to the jobs by its name. An orphaned one becomes the instance's as in `attachDisk`. */
export async function associateDisk(step: Of<"associate-disk">, context: ApplyContext): Promise<void> {
	const { records, store, lease, clock, deployment } = context;
	const { instance, name, unorphan } = step;
	const { vm, disks = {} } = records.get(instance);
	const own = disks[name];
	const wanted = unorphan ?? (own && records.disk(own));
	if (!vm || !wanted) throw new Error(`${instance} has no VM, or no disk ${name} to attach`);
	const { cid, cpi } = wanted;
	if (unorphan) await tagDisk(instance, unorphan, name, context);
	const data = { instance, vm: vm.cid, cpi, name, ...(unorphan ? { unorphan: true } : {}) };
	const hint = await effect(
		context,
		{ verb: "attachDisk", key: cid, data },
		() => context.cpi(cpi).attachDisk(vm.cid, cid, { ...callOptions(context), mountPoint: diskPath(name) }),
		() => (unorphan ? unorphanDisk(instance, { disk: unorphan, name }, { records, deployment, now: clock.now() }) : []),
	);
	const disk = records.disk(cid);
	const mountedByCloud = hint.kind === "mounted";
	if (disk && !(disk.mounted && disk.mountedByCloud === mountedByCloud))
		await store.write(lease.fence, [records.putDisk({ ...disk, mounted: true, mountedByCloud })]);
	await runScript(context, step, associateDiskScript(hint, name), "disk-not-associated");
}

/** Takes it from the jobs, where the VM answers, and detaches it. */
export async function dissociateDisk(
	step: Of<"detach-disk"> & { readonly name: string },
	context: ApplyContext,
): Promise<void> {
	const { records } = context;
	const answers = records.get(step.instance).vm?.bootstrapped === true && (await context.answers(step.instance));
	const dissociate = () => runScript(context, step, dissociateDiskScript(step.name), "disk-busy");
	if (answers) await dissociate();
	await detach(step, step, context);
	if (answers && records.disk(step.disk)?.mountedByCloud) await dissociate();
}

import type { VmCid } from "../../cpi/cpi.ts";
import type { Step } from "../../plan/step.ts";
import { type ApplyContext, callOptions, effect } from "../context.ts";

type Of<K extends Step["kind"]> = Extract<Step, { kind: K }> & { instance: string };

/** Deletes a VM that packages compiled on, with its record: its addresses are free from then on. Safe where it was never made, or half. */
export async function deleteCompilationVm(
	{ instance }: Of<"delete-compilation-vm">,
	context: ApplyContext,
): Promise<void> {
	const { records, store, lease } = context;
	const vm = records.find(instance)?.vm;
	if (!records.find(instance)) return;
	await deleteUnanswered(instance, context);
	context.disconnect(instance);
	if (!vm) return store.write(lease.fence, [records.remove(instance)]);
	await effect(
		context,
		{ verb: "deleteVm", key: vm.cid, data: { instance, cpi: vm.cpi } },
		() => context.cpi(vm.cpi).deleteVm(vm.cid, callOptions(context)),
		() => [records.remove(instance)],
	);
}

/** What a create has made that this run gave up before its answer: the intent stays open until it is gone. */
async function deleteUnanswered(instance: string, context: ApplyContext): Promise<void> {
	const { store, lease, deployment } = context;
	const { openIntents } = await store.read(deployment);
	for (const { id, key, verb, data } of openIntents) {
		if (verb !== "createVm" || data.instance !== instance) continue;
		const cpi = context.cpi(String(data.cpi));
		const found = await cpi.find(key, callOptions(context));
		if (found) await cpi.deleteVm(found.cid as VmCid, callOptions(context));
		await store.finish(lease.fence, id, { ok: false, problems: [] }, []);
	}
}

import { withoutVm } from "../../apply/next-vm.ts";
import type { DiskCid } from "../../cpi/cpi.ts";
import { type Choice, recreates } from "../../health/choices.ts";
import type { CloudView } from "../../health/cloud-problems.ts";
import type { Resolution } from "../../health/resolutions.ts";
import { linked } from "../../plan/linked.ts";
import { planDeploy } from "../../plan/plan-deploy.ts";
import type { Remedy } from "../../plan/remedy.ts";
import type { InstanceName, Step } from "../../plan/step.ts";
import type { Change } from "../../state/state.ts";
import { applyContext } from "./apply-context.ts";
import { applyChosen, bringUp } from "./chosen-instances.ts";
import { withoutRecord } from "./deploy-plan.ts";
import type { DeploymentRun } from "./deployment-run.ts";
import { recordedInstances } from "./recorded-instances.ts";
import { keepStrayDisks } from "./stray-disks.ts";

/**
 * Does what was chosen: what is forgotten first, then what is deleted, then what is brought up, in one plan. Each is journaled and safe to
 * run twice; cut short, the next scan finds what is left.
 */
export async function repair(run: DeploymentRun, choices: readonly Choice[], view: CloudView): Promise<void> {
	await forget(run, choices);
	if (choices.some(({ resolution }) => resolution === "orphan_disk")) await keepStrayDisks(run);
	await remove(run, choices, view);
	const remedies = remediesOf(choices);
	if (remedies.size > 0) await bringUp(run, [...remedies.keys()], { remedies }, { nonInteractive: true });
}

/** Records alone change. A VM or disk that is there after all is found by the next look, and nothing of it is lost. */
async function forget({ records, store, lease, task }: DeploymentRun, choices: readonly Choice[]): Promise<void> {
	const changes = choices.flatMap(({ problem: { instance = "", cid = "" }, resolution }): readonly Change[] => {
		if (resolution === "delete_vm_reference") return withoutVm(instance, cid, records);
		if (resolution === "delete_disk_reference") return records.forgetDisk(instance, cid as DiskCid);
		const copy = resolution === "activate_disk" ? records.disk(cid as DiskCid) : undefined;
		if (!copy) return [];
		const { copyOf: _, ...own } = copy;
		return records.giveDisk(instance, own);
	});
	if (changes.length === 0) return;
	await task.begin();
	await store.write(lease.fence, changes);
}

async function remove(run: DeploymentRun, choices: readonly Choice[], view: CloudView): Promise<void> {
	const { inputs, records, context } = run;
	const deployment = inputs.deployment.name;
	const chosen = (...wanted: readonly Resolution[]) =>
		choices.filter(({ resolution }) => wanted.includes(resolution)).map(({ problem }) => problem);
	const cids = new Set(chosen("delete_vm").map(({ cid }) => cid));
	const names = new Set(chosen("delete_vm").map(({ instance }) => instance));
	const desired = recordedInstances(inputs, records.instances(), context).filter(({ name }) => names.has(name));
	const plan = planDeploy({
		...{ deployment, obsolete: [], unknownVariables: [] },
		orphanVms: view.orphanVms.filter(({ cid }) => cids.has(cid)),
		diffs: desired.map((each) => ({
			...{ desired: each, action: "update", vm: "remove" },
			reasons: [{ reason: "unresponsive", detail: "its VM is to be deleted" }],
			reachable: view.machines.get(each.name)?.reachable === true,
		})),
		...{ compiled: new Set<string>(), firstDeploy: false, inputsChanged: false, options: { skipDrain: new Set() } },
	});
	const discards = chosen("delete_disk").flatMap(({ instance = "", cid }): readonly Step[] => {
		const copy = records.disk(cid as DiskCid);
		return copy ? linked([{ kind: "discard-copy", disk: copy.cid, cpi: copy.cpi }], instance, []) : [];
	});
	const whole = withoutRecord({ ...plan, steps: [...plan.steps, ...discards] });
	if (whole.steps.length === 0) return;
	await applyChosen(run, { plan: whole, applyContext: applyContext({ ...run, desired: [], releases: new Map() }) });
}

/** By instance; where several problems of one have been chosen for, the strongest remedy holds. */
function remediesOf(choices: readonly Choice[]): ReadonlyMap<InstanceName, Remedy> {
	const remedies = [...Map.groupBy(choices, ({ problem }) => problem.instance ?? "")].flatMap(([instance, own]) => {
		const remedy = remedyOf(own);
		return remedy ? [[instance, remedy] as const] : [];
	});
	return new Map(remedies);
}

function remedyOf(own: readonly Choice[]): Remedy | undefined {
	const has = (...wanted: readonly Resolution[]) => own.some(({ resolution }) => wanted.includes(resolution));
	const moved = own.flatMap(({ problem: { cid, attachedTo }, resolution }) =>
		resolution.startsWith("reattach_disk") ? [[cid as DiskCid, attachedTo] as const] : [],
	);
	const more = {
		...(has("recreate_vm_without_wait") ? { waits: false as const } : {}),
		...(moved.length > 0 ? { reattach: new Map(moved) } : {}),
	};
	if (own.some(({ resolution }) => recreates(resolution))) return { how: "recreate", ...more };
	if (has("reboot_vm", "reattach_disk_and_reboot")) return { how: "reboot", ...more };
	return has("reattach_disk", "finish_update") ? { how: "finish", ...more } : undefined;
}

import type { ApplyContext } from "../../apply/context.ts";
import { problem, UserError } from "../../errors.ts";
import { planDeploy } from "../../plan/plan-deploy.ts";
import { spareVms } from "../../plan/spare-vms.ts";
import type { InstanceName, Plan } from "../../plan/step.ts";
import { applyContext } from "./apply-context.ts";
import { withoutRecord } from "./deploy-plan.ts";
import type { DeploymentRun } from "./deployment-run.ts";
import { observeAll } from "./observed.ts";
import { selectInstances } from "./recorded.ts";
import { recordedInstances } from "./recorded-instances.ts";

/** A VM that an operator named: an instance's, or one that nobody recorded. */
export type ChosenVm =
	| { readonly cid: string; readonly instance: InstanceName }
	| { readonly cid: string; readonly instance: undefined };

/** The VM by its cid or its instance. Throws a UserError that lists what there is. */
export function chosenVm({ records }: DeploymentRun, given: string): ChosenVm {
	const recorded = records.instances().flatMap(({ vm, group, index }) => {
		return vm ? [{ cid: vm.cid as string, instance: `${group}/${index}` }] : [];
	});
	const found = recorded.find(({ cid }) => cid === given);
	if (found) return found;
	if (!given.includes("/")) return { cid: given, instance: undefined };
	const [instance = given, ...others] = selectInstances(records, given);
	const vm = recorded.find((each) => each.instance === instance);
	if (vm && others.length === 0) return vm;
	const detached = records.get(instance).wanted === "detached";
	const hint = detached ? `davit start ${instance} makes it` : "davit deploy makes it";
	throw new UserError(problem("no-vm", `${instance} has no VM`, { hint }));
}

/** The steps that delete it: a recorded one's jobs are stopped if it answers, and its persistent disk is kept for the VM that comes next. */
export async function prepareDeleteVm(
	run: DeploymentRun,
	{ cid, instance }: ChosenVm,
	skipDrain: boolean,
): Promise<{ readonly plan: Plan; readonly applyContext: ApplyContext }> {
	const { inputs, records, context } = run;
	const deployment = inputs.deployment.name;
	const { observed, orphanVms } = await observeAll({ ...run, deployment });
	const unwanted = [...orphanVms, ...spareVms(records.instances())];
	const strays = instance === undefined ? unwanted.filter((vm) => vm.cid === cid) : [];
	if (instance === undefined && strays.length === 0) throw unknownVm(cid, run);
	const desired = recordedInstances(inputs, records.instances(), context).filter(({ name }) => name === instance);
	const plan = planDeploy({
		...{ deployment, obsolete: [], orphanVms: strays, unknownVariables: [] },
		leftCompilationVms: records.compilationVms().filter(({ group, index }) => `${group}/${index}` === instance),
		diffs: desired.map((each) => ({
			...{ desired: each, action: "update", vm: "remove" },
			reasons: [{ reason: "state", detail: `VM ${cid} is not wanted` }],
			reachable: observed.machines.get(each.name)?.reachable === true,
		})),
		...{ compiled: new Set<string>(), firstDeploy: false, inputsChanged: false },
		options: { skipDrain: new Set(skipDrain ? ["*"] : []) },
	});
	return { plan: withoutRecord(plan), applyContext: applyContext({ ...run, desired: [], releases: new Map() }) };
}

function unknownVm(cid: string, { records, inputs }: DeploymentRun): UserError {
	const cids = records.instances().flatMap(({ vm }) => vm?.cid ?? []);
	return new UserError(
		problem("no-vm", `deployment ${inputs.deployment.name} has no VM "${cid}"`, {
			hint: cids.length === 0 ? "it has none" : `it has: ${cids.join(", ")}`,
		}),
		{ exitCode: 64 },
	);
}

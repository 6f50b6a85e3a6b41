import { observe } from "../../apply/observe.ts";
import type { Records } from "../../apply/records.ts";
import { type Problem, problem, UserError } from "../../errors.ts";
import type { DesiredInstance } from "../../plan/desired.ts";
import { type DiffOptions, diffInstance, type InstanceDiff } from "../../plan/diff-instance.ts";
import { planDeploy } from "../../plan/plan-deploy.ts";
import type { Plan } from "../../plan/step.ts";
import type { InstanceRecord, StateStore } from "../../state/state.ts";
import type { CliContext } from "../command.ts";
import type { Cpis } from "./cpis.ts";
import type { Machines } from "./machines.ts";

export interface DeployPlanInput {
	readonly context: CliContext;
	readonly deployment: string;
	readonly store: StateStore;
	readonly records: Records;
	readonly desired: readonly DesiredInstance[];
	readonly obsolete: readonly InstanceRecord[];
	readonly unknownVariables: readonly string[];
	readonly cpis: Cpis;
	readonly machines: Machines;
	readonly firstDeploy: boolean;
	readonly inputsChanged: boolean;
	readonly diff: DiffOptions;
	readonly skipDrain: ReadonlySet<string>;
}

/** Looks at what is there and plans what must change. */
export async function planFrom(input: DeployPlanInput): Promise<Plan> {
	const { context, deployment, store, records, cpis, machines, desired, obsolete } = input;
	const owner = { store: store.uuid, deployment };
	const seen = await observe({
		owner,
		instances: records.instances(),
		cpis: cpis.all(),
		connect: machines.connect,
		signal: context.signal,
	});
	const diffs = desired.map((instance) => diffInstance(instance, seen, input.diff));
	const refused = diffs.flatMap((diff) => unreachable(diff, input.diff.fix));
	if (refused.length > 0) throw new UserError(refused);
	const known = new Set(records.instances().flatMap(({ vm }) => (vm ? [vm.cid as string] : [])));
	const keys = new Set(desired.flatMap(({ packages }) => packages.map(({ key }) => key)));
	const compiled = new Set<string>();
	for (const key of keys) if ((await store.compiled(key)) !== undefined) compiled.add(key);
	return planDeploy({
		deployment,
		diffs,
		obsolete: obsolete.map((record) => ({
			record,
			reachable: seen.machines.get(`${record.group}/${record.index}`)?.reachable === true,
		})),
		orphanVms: seen.listing
			.filter(({ vm }) => !known.has(vm.cid))
			.map(({ cpi, vm }) => ({ cid: vm.cid as never, cpi, name: vm.name })),
		unknownVariables: input.unknownVariables,
		compiled,
		firstDeploy: input.firstDeploy,
		inputsChanged: input.inputsChanged,
		options: {
			skipDrain: input.skipDrain,
			canResize: [...cpis.all().values()].every((cpi) => cpi.info().can.resizeDisk),
		},
	});
}

function unreachable({ desired, vm, reasons }: InstanceDiff, fix: boolean): Problem[] {
	const why = reasons.find(({ reason }) => reason === "unresponsive");
	if (!why || vm === "replace" || fix) return [];
	return [
		problem("unresponsive", `${desired.name}: its VM is there but does not answer: ${why.detail ?? ""}`, {
			hint: "davit deploy --fix recreates it; its persistent disk is kept",
		}),
	];
}

import type { InstanceRecord } from "../state/state.ts";
import { afterTheirNeeds } from "./after-their-needs.ts";
import type { DesiredInstance } from "./desired.ts";
import type { InstanceDiff } from "./diff-instance.ts";
import { changesOf } from "./instance-changes.ts";
import { instanceSteps, obsoleteSteps, type StepData, type StepOptions } from "./instance-steps.ts";
import { linked } from "./linked.ts";
import { type Sharing, withPeers } from "./package-peers.ts";
import { type CompilationVms, type CompilePlan, compileNeeds, planCompile } from "./plan-compile.ts";
import { publishing } from "./publishing.ts";
import { deleteUnwanted, type UnwantedVm } from "./spare-vms.ts";
import type { InstanceName, PackageSource, Plan, Step } from "./step.ts";
import { counted } from "./titles.ts";
import { type Turn, updateOrder } from "./update-order.ts";
import { withUploads } from "./upload-stemcells.ts";

export interface DeployInput {
	readonly deployment: string;
	/** One for each wanted instance, in manifest order. */
	readonly diffs: readonly InstanceDiff[];
	readonly obsolete: readonly { readonly record: InstanceRecord; readonly reachable: boolean }[];
	/** VMs that runs which were cut short left behind. */
	readonly orphanVms: readonly UnwantedVm[];
	/** All instances of the deployment: those that are told where one has gone that is swapped. The diffs' own unless given. */
	readonly instances?: readonly DesiredInstance[];
	/** Compilation VMs that an interrupted run left behind. */
	readonly leftCompilationVms?: readonly InstanceRecord[];
	/** Made for the time in which packages compile. Absent: they compile on the deployment's own VMs. */
	readonly compilationVms?: CompilationVms;
	/** Names of variables that are still to be made. */
	readonly unknownVariables: readonly string[];
	/** Keys of packages that have a compiled form already. */
	readonly compiled: ReadonlySet<string>;
	/** Absent: VMs get no packages from each other. */
	readonly sharing?: Sharing;
	/** True if no deploy of this deployment ever finished. */
	readonly firstDeploy: boolean;
	/** True if the manifest or cloud differs from what the last finished deploy recorded. */
	readonly inputsChanged: boolean;
	readonly options: StepOptions;
}

const RENDER = "render";
const MAKE_VARIABLES = "make-variables";

/** The whole of a deploy as ordered steps, in BOSH's order. Without changes the plan is empty. */
export function planDeploy(input: DeployInput): Plan {
	const { deployment, diffs } = input;
	const { sources = ["ssh"] } = input.options;
	const changed = diffs.filter(({ action }) => action !== "keep");
	const steps: Step[] = [...removals(input)];
	const removed = steps.map(({ id }) => id);
	if (input.unknownVariables.length > 0)
		steps.push({
			kind: "make-variables",
			id: MAKE_VARIABLES,
			title: `Making ${counted(input.unknownVariables.length, "variable")}`,
			after: [],
			variables: input.unknownVariables,
		});
	const prepared = new Map<InstanceName, string>();
	const plans = changed.map((diff) => ({ diff, steps: instanceSteps(diff, input.options) }));
	for (const { diff, steps: own } of plans) {
		const chain = linked(own.prepare, diff.desired.name, removed);
		steps.push(...chain);
		const last = chain.at(-1);
		if (last) prepared.set(diff.desired.name, last.id);
	}
	const runs = runsOfTurns(plans, input.firstDeploy);
	const changing = runs.flat().map(({ diff }) => diff);
	const made = [...(input.compilationVms?.values() ?? [])].flat().map(({ name, shape }) => ({
		name,
		chain: linked([{ kind: "create-vm", shape }, { kind: "bootstrap-vm" }], name, removed),
	}));
	for (const { name, chain } of made) prepared.set(name, (chain.at(-1) as Step).id);
	const compile = planCompile({
		needs: compileNeeds([...new Set([...changing, ...diffs])], input.compiled),
		...(input.compilationVms ? { compilationVms: input.compilationVms } : {}),
		sources,
		readyAfter: (name) => (prepared.has(name) ? [prepared.get(name) as string] : []),
	});
	const ends = made.flatMap(({ name, chain }) => {
		const last = compile.lastOn.get(name);
		return last === undefined ? [] : [{ chain, end: linked([{ kind: "delete-compilation-vm" }], name, [last]) }];
	});
	steps.push(...ends.flatMap(({ chain }) => chain), ...compile.steps, ...ends.flatMap(({ end }) => end));
	const updating = plans
		.filter(({ steps: own }) => own.update.some(({ kind }) => kind === "install-jobs"))
		.map(({ diff }) => diff.desired.name);
	if (updating.length > 0)
		steps.push({
			kind: "render",
			id: RENDER,
			title: "Rendering templates",
			after: input.unknownVariables.length > 0 ? [MAKE_VARIABLES] : [],
			instances: updating,
		});
	const canaries = new Set<InstanceName>();
	const publish = publishing(input.instances ?? diffs.map(({ desired }) => desired));
	steps.push(...updates(runs, { prepared, compile, sources, canaries, removed, publish }));
	steps.push(...conclusion(input, steps));
	const ordered = compile.inTurn.size > 0 ? afterTheirNeeds(steps) : steps;
	const all = withUploads(ordered);
	const told = input.sharing ? withPeers(all, { ...input.sharing, diffs }) : all;
	return { deployment, steps: told, changes: changesOf(input, canaries) };
}

function removals({ obsolete, orphanVms, leftCompilationVms = [], options }: DeployInput): Step[] {
	const orphans = orphanVms.map((vm) => ({ name: vm.name, step: deleteUnwanted(vm) }));
	const left = leftCompilationVms.map(({ group, index }): Step => {
		const instance = `${group}/${index}`;
		return {
			kind: "delete-compilation-vm",
			// A new one may have the same name.
			id: `delete-compilation-vm ${instance} (left behind)`,
			title: `Deleting the VM of ${instance}, which an interrupted run left behind`,
			after: [],
			instance,
		};
	});
	const gone = obsolete.flatMap(({ record, reachable }) => {
		const name = `${record.group}/${record.index}`;
		const spare = orphans.filter(({ name: of }) => of === name).map(({ step }) => step.id);
		return linked(obsoleteSteps(record, reachable, options.skipDrain.has(record.group)), name, spare);
	});
	return [...orphans.map(({ step }) => step), ...left, ...gone];
}

interface InstancePlan {
	readonly diff: InstanceDiff;
	readonly steps: { readonly prepare: readonly StepData[]; readonly update: readonly StepData[] };
}

interface Surroundings {
	/** The last step that prepares an instance's VM outside of its turn. */
	readonly prepared: ReadonlyMap<InstanceName, string>;
	readonly compile: CompilePlan;
	readonly sources: readonly PackageSource[];
	/** Filled. */
	readonly canaries: Set<InstanceName>;
	/** Steps that free addresses. */
	readonly removed: readonly string[];
	readonly publish: ReturnType<typeof publishing>;
}

function updates(runs: readonly (readonly PlannedTurn[])[], surroundings: Surroundings): Step[] {
	const { prepared, compile, sources, canaries, removed, publish } = surroundings;
	const steps: Step[] = [];
	const lastOf = new Map<InstanceName, string>();
	let barrier: readonly string[] = [];
	for (const run of runs) {
		const ends: string[] = [];
		for (const { plan, canary, after } of run) {
			const { name } = plan.diff.desired;
			if (canary) canaries.add(name);
			const swaps = plan.diff.vm === "swap";
			const turn = [...barrier, ...after.flatMap((other) => lastOf.get(other) ?? []), ...(swaps ? removed : [])];
			const install: StepData = {
				...{ kind: "install-packages", packages: plan.diff.desired.packages, sources },
				...(swaps ? { onNextVm: true } : {}),
			};
			const chain = publish(plan.diff, updateChain(plan, canary, prepared.get(name), compile, install, turn));
			const { id } = chain.at(-1) as Step;
			steps.push(...chain);
			lastOf.set(name, id);
			ends.push(id);
		}
		barrier = ends;
	}
	return steps;
}

/** `install-packages` comes as soon as the VM and the packages are there; the instance's turn waits for it and for the templates. */
function updateChain(
	{ diff, steps: own }: InstancePlan,
	canary: boolean,
	prepared: string | undefined,
	compile: CompilePlan,
	install: StepData,
	turn: readonly string[],
): readonly Step[] {
	const { desired } = diff;
	const compiled = desired.packages.flatMap(({ key }) => compile.stepOf.get(key) ?? []);
	if (diff.action === "names") {
		return linked(own.update, desired.name, turn);
	}
	const installs = own.update.some(({ kind }) => kind === "install-jobs");
	const inTurn = diff.vm === "replace" || diff.vm === "swap" || diff.vm === "power-on";
	const early = installs && desired.packages.length > 0 && !inTurn;
	const installSteps = early ? linked([install], desired.name, [...(prepared ? [prepared] : []), ...compiled]) : [];
	const late = desired.packages.length > 0 && !early ? withInstall(own.update, install) : own.update;
	const update = canary ? late.map((data) => asCanary(data, diff)) : late;
	const after = [
		RENDER,
		...turn,
		...installSteps.map(({ id }) => id),
		...(prepared ? [prepared] : []),
		...(early || compile.inTurn.has(desired.name) ? [] : compiled),
	];
	const turnSteps = linked(update, desired.name, [...new Set(after)]);
	return [
		...installSteps,
		...turnSteps.map((step) =>
			step.kind === "install-packages" && compile.inTurn.has(desired.name)
				? { ...step, after: [...step.after, ...compiled] }
				: step,
		),
	];
}

const AFTER_PACKAGES: ReadonlySet<Step["kind"]> = new Set([
	"create-disk",
	"discard-copy",
	"resize-disk",
	"copy-disk",
	"attach-disk",
	"associate-disk",
	"update-names",
]);

/** On a VM that is only now made, packages come right after it is prepared. */
function withInstall(update: readonly StepData[], install: StepData): StepData[] {
	const made = update.findIndex(({ kind }) => kind === "bootstrap-vm");
	const at = made < 0 ? update.findIndex(({ kind }) => AFTER_PACKAGES.has(kind)) : made + 1;
	const needed = update.some(({ kind }) => kind === "install-jobs");
	return needed ? [...update.slice(0, at), install, ...update.slice(at)] : [...update];
}

function asCanary(data: StepData, { desired }: InstanceDiff): StepData {
	const { fromMs, toMs } = desired.group.update.canaryWatchTime;
	return data.kind === "start" && data.watch ? { ...data, watch: { fromMs, toMs } } : data;
}

interface PlannedTurn extends Turn {
	readonly plan: InstancePlan;
}

/** All turns in order, in consecutive runs: groups with `serial: true` one at a time, the others of a run together. */
function runsOfTurns(plans: readonly InstancePlan[], firstDeploy: boolean): readonly (readonly PlannedTurn[])[] {
	const runs: PlannedTurn[][] = [];
	let open = false;
	for (const members of Map.groupBy(plans, ({ diff }) => diff.desired.group.name).values()) {
		const planOf = new Map(members.map((plan) => [plan.diff, plan]));
		const turns = updateOrder([...planOf.keys()], firstDeploy).map(
			(turn): PlannedTurn => ({ ...turn, plan: planOf.get(turn.diff) as InstancePlan }),
		);
		const serial = members[0]?.diff.desired.group.update.serial ?? true;
		if (serial || !open) runs.push(turns);
		else runs.at(-1)?.push(...turns);
		open = !serial;
	}
	return runs;
}

/** post-deploy runs everywhere when anything was started, and where an earlier run was cut short before it. */
function conclusion({ diffs, inputsChanged, deployment }: DeployInput, steps: readonly Step[]): Step[] {
	const working = steps.some(({ kind }) => kind === "start" || kind === "install-jobs");
	const due = diffs.filter(
		({ desired: { jobs, record }, remedy }) =>
			jobs.length > 0 &&
			remedy?.waits !== false &&
			(record?.wanted ?? "started") === "started" &&
			(working || record?.applied?.postDeployed === false),
	);
	if (steps.length === 0 && !inputsChanged && due.length === 0) return [];
	const waited = new Set(steps.flatMap(({ after }) => after));
	const ends = steps.map(({ id }) => id).filter((id) => !waited.has(id));
	const hooks = due.flatMap(({ desired }) =>
		linked([{ kind: "post-deploy", jobs: desired.jobs.map(({ job }) => job.name) }], desired.name, ends),
	);
	const record: Step = {
		kind: "record-deploy",
		id: "record-deploy",
		title: `Recording ${deployment}`,
		after: hooks.length > 0 ? hooks.map(({ id }) => id) : ends,
	};
	return [...hooks, record];
}

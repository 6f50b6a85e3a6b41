import type { InstanceRecord } from "../state/state.ts";
import { changeOf, type FormerInstance, movesOf } from "./change-report.ts";
import type { DesiredInstance } from "./desired.ts";
import type { InstanceDiff } from "./diff-instance.ts";
import { estimate, type PastStep } from "./estimate.ts";
import { irreversibleSteps } from "./irreversible.ts";
import { disksOf } from "./named-disks.ts";
import { type PeersOf, peersOf, type Sharing } from "./package-peers.ts";
import type { PlanReport } from "./report-schema.ts";
import type { ResourceTotal } from "./resource-totals.ts";
import type { InstanceName, Plan, Step } from "./step.ts";
import { turnsOf } from "./turns.ts";

export interface ReportInput {
	readonly plan: Plan;
	readonly diffs: readonly InstanceDiff[];
	/** Made for the time in which packages compile. */
	readonly compilationVms: readonly DesiredInstance[];
	readonly obsolete: readonly InstanceRecord[];
	/** What the last finished deploy wanted, by instance. Empty if that is not known any more. */
	readonly former: ReadonlyMap<InstanceName, FormerInstance>;
	readonly firstDeploy: boolean;
	readonly refreshed: boolean;
	/** Of what clouds and VMs were asked. */
	readonly asked: PlanReport["asked"];
	/** Absent: no cloud was asked. */
	readonly resources?: readonly ResourceTotal[];
	readonly notTold: PlanReport["totals"]["not_told"];
	/** As the plan was made with it. */
	readonly sharing?: Sharing;
	/** Of a compiled package; undefined if it is not compiled yet. */
	readonly sizeOf: (key: string) => number | undefined;
	readonly variables: readonly string[];
	readonly past: readonly PastStep[];
	/** Steps that run at once. */
	readonly concurrency: number;
}

/** A plan for people and programs: everything about it that an operator may ask before saying yes. Holds no secret. */
export function reportPlan(input: ReportInput): PlanReport {
	const { plan, diffs, obsolete, past, concurrency } = input;
	const turns = turnsOf(plan.steps);
	const diffOf = new Map(diffs.map((diff) => [diff.desired.name, diff]));
	const recordOf = new Map(obsolete.map((record) => [`${record.group}/${record.index}`, record]));
	const stepsOf = Map.groupBy(plan.steps, ({ instance }) => instance);
	const time = estimate(plan.steps, past, concurrency);
	return {
		deployment: plan.deployment,
		first_deploy: input.firstDeploy,
		refreshed: input.refreshed,
		asked: input.asked,
		unchanged: diffs.filter(({ action }) => action === "keep").length,
		changes: plan.changes.map((change) =>
			changeOf(change, {
				steps: stepsOf.get(change.instance) ?? [],
				diff: diffOf.get(change.instance),
				hasDisk: disksOf(diffOf.get(change.instance)?.desired.record ?? recordOf.get(change.instance) ?? {}).length > 0,
				former: input.former.get(change.instance),
				turn: turns.get(change.instance),
			}),
		),
		compile: plan.steps.flatMap((step) =>
			step.kind === "compile-package" && step.instance !== undefined
				? [
						{
							...{ package: step.package.name, release: step.package.release },
							...{ stemcell: `${step.stemcell.os}/${step.stemcell.version}`, instance: step.instance },
						},
					]
				: [],
		),
		compilation_vms: input.compilationVms.map(shownCompilationVm),
		packages: packagesOf(input, diffOf),
		variables: [...input.variables].sort(),
		deletes: {
			instances: obsolete.map(({ group, index }) => `${group}/${index}`),
			vms: plan.steps.flatMap((step) =>
				step.kind === "delete-vm" || step.kind === "delete-orphan-vm" ? [String(step.cid)] : [],
			),
		},
		irreversible: irreversibleSteps(plan.steps, new Map(diffs.map(({ desired }) => [desired.name, desired]))).map(
			({ id }) => id,
		),
		totals: totalsOf(input),
		...surgeOf(diffs, turns),
		...(time
			? { estimate: { seconds: Math.round(time.ms / 1000), samples: time.samples, unknown: [...time.unknown] } }
			: {}),
		steps: plan.steps.map(shownStep),
	};
}

function shownCompilationVm({ name, placed, shape, group }: DesiredInstance): PlanReport["compilation_vms"][number] {
	const { os, version } = shape.stemcell;
	const addresses = Object.values(placed.networks).flatMap(({ ip }) => ip ?? []);
	const type = group.vmType === undefined ? {} : { vm_type: group.vmType };
	return { instance: name, stemcell: `${os}/${version}`, az: placed.az, ...type, addresses };
}

function shownStep(step: Step): PlanReport["steps"][number] {
	const { id, kind, title, instance, after } = step;
	const sources = "sources" in step ? { sources: [...step.sources] } : {};
	const peers = "peers" in step && step.peers.length > 0 ? { peers: [...step.peers] } : {};
	return { id, kind, title, ...(instance === undefined ? {} : { instance }), after: [...after], ...sources, ...peers };
}

/** What `install-packages` has to bring: all to a new VM, else what the last time did not bring. */
function packagesOf(
	{ plan, sizeOf, diffs, sharing }: ReportInput,
	diffOf: ReadonlyMap<InstanceName, InstanceDiff>,
): PlanReport["packages"] {
	const peers: PeersOf = sharing ? peersOf(plan.steps, { ...sharing, diffs }) : () => undefined;
	const uses = plan.steps.flatMap((step) => {
		if (step.kind !== "install-packages" || step.instance === undefined) return [];
		const diff = diffOf.get(step.instance);
		const has = diff?.vm === "keep" ? (diff.desired.record?.applied?.packages ?? {}) : {};
		const source = step.sources.find((other) => other !== "peer") ?? "ssh";
		return step.packages.map((use) => {
			const fromPeer = (peers(step, use)?.length ?? 0) > 0;
			return { key: use.key, there: has[use.name] === use.key, source: fromPeer ? ("peer" as const) : source };
		});
	});
	const lacking = uses.filter(({ there }) => !there);
	return {
		there: uses.length - lacking.length,
		lacking: [...Map.groupBy(lacking, ({ source }) => source)].map(([source, all]) => ({
			...{ source, packages: all.length },
			bytes: all.reduce((sum, { key }) => sum + (sizeOf(key) ?? 0), 0),
		})),
	};
}

function totalsOf({ diffs, resources, notTold }: ReportInput): PlanReport["totals"] {
	const wanted = diffs.map(({ desired }) => desired);
	const networks = wanted.flatMap(({ placed }) => Object.keys(placed.networks));
	const types = wanted.map(({ group }) => group.vmType ?? "(vm_resources)");
	return {
		...(resources ? { resources: resources.map(shownTotal) } : {}),
		not_told: [...notTold],
		instances: wanted.length,
		persistent_disk: wanted
			.flatMap(({ disk, disks }) => [disk?.sizeMib ?? 0, ...disks.map(({ sizeMib }) => sizeMib)])
			.reduce((sum, sizeMib) => sum + sizeMib, 0),
		addresses: counts(networks),
		vm_types: counts(types),
	};
}

function shownTotal({
	takers: _,
	quotas,
	...total
}: ResourceTotal): NonNullable<PlanReport["totals"]["resources"]>[number] {
	return { ...total, quotas: quotas.map(({ name, limit, used, enforced }) => ({ name, limit, used, enforced })) };
}

/** Instances of one turn are swapped at once. */
function surgeOf(diffs: readonly InstanceDiff[], turns: ReadonlyMap<InstanceName, number>): Pick<PlanReport, "surge"> {
	const swaps = diffs.flatMap(({ vm, desired }) => (vm === "swap" ? [desired] : []));
	if (swaps.length === 0) return {};
	const byTurn = Map.groupBy(swaps, ({ name }) => turns.get(name));
	const vms = Math.max(...[...byTurn.values()].map((each) => each.length));
	return { surge: { vms, addresses: counts(swaps.flatMap(movesOf).map(({ network }) => network)) } };
}

function counts(names: readonly string[]): Record<string, number> {
	const grouped = [...Map.groupBy(names, (name) => name)].sort(([a], [b]) => (a < b ? -1 : 1));
	return Object.fromEntries(grouped.map(([name, all]) => [name, all.length]));
}

import type { InstanceDiff } from "./diff-instance.ts";
import type { InstanceName, PackageSource, PackageUse, Step } from "./step.ts";

/** Where each package that has no compiled form yet is compiled, and when. */
export interface CompilePlan {
	readonly steps: readonly Step[];
	/** By compiled key: the step that makes it. */
	readonly stepOf: ReadonlyMap<string, string>;
	/** Instances whose VMs compile in their own turn, once they have been made: there is no other VM of that stemcell. */
	readonly inTurn: ReadonlySet<InstanceName>;
}

interface CompileInput {
	/** In the order in which they are updated. */
	readonly diffs: readonly InstanceDiff[];
	/** Keys that have a compiled form. */
	readonly compiled: ReadonlySet<string>;
	readonly sources: readonly PackageSource[];
	/** The last step that prepares an instance's new VM, for those that are made outside of any turn. */
	readonly readyAfter: (instance: InstanceName) => readonly string[];
}

/**
 * Spreads compiling over the deployment's own VMs of that stemcell: those that are new if there are any, else those that answer, else the
 * first that gets another VM or is powered on in its turn. A package waits for those it needs and for the one before it on the same VM; the
 * longest chains go first.
 */
export function planCompile({ diffs, compiled, sources, readyAfter }: CompileInput): CompilePlan {
	const steps: Step[] = [];
	const stepOf = new Map<string, string>();
	const inTurn = new Set<InstanceName>();
	for (const group of byStemcell(diffs)) {
		const uses = distinct(group).filter((use) => use.compiledFor === undefined && !compiled.has(use.key));
		if (uses.length === 0) continue;
		const ready = readyOnes(group);
		const late = ready.length === 0 ? group.find(({ vm }) => vm === "replace" || vm === "power-on") : undefined;
		if (late) inTurn.add(late.desired.name);
		const workers = (late ? [late] : ready).map(({ desired }) => desired);
		const queue = byChainLength(uses);
		const last = new Map<InstanceName, string>();
		queue.forEach((use, position) => {
			const worker = workers[position % workers.length];
			if (!worker) return;
			const id = `compile-package ${use.release}/${use.name} ${worker.shape.stemcell.os}/${worker.shape.stemcell.version}`;
			const needs = dependenciesOf(use, uses).flatMap(({ key }) => stepOf.get(key) ?? []);
			const before = last.get(worker.name);
			const made = late ? [`${late.vm === "replace" ? "bootstrap-vm" : "power-on"} ${worker.name}`] : [];
			const after = [...made, ...readyAfter(worker.name), ...needs, ...(before ? [before] : [])];
			steps.push({
				kind: "compile-package",
				id,
				title: `Compiling ${use.release}/${use.name} on ${worker.name}`,
				after: [...new Set(after)],
				instance: worker.name,
				package: use,
				stemcell: worker.shape.stemcell,
				sources,
			});
			stepOf.set(use.key, id);
			last.set(worker.name, id);
		});
	}
	return { steps, stepOf, inTurn };
}

/** VMs of the stemcell that are there before any turn begins. One that is replaced for another stemcell is of the former still. */
function readyOnes(group: readonly InstanceDiff[]): readonly InstanceDiff[] {
	const fresh = group.filter(({ vm }) => vm === "create" || vm === "bootstrap");
	if (fresh.length > 0) return fresh;
	return group.filter(({ reachable, reasons }) => reachable && !reasons.some(({ reason }) => reason === "stemcell"));
}

function byStemcell(diffs: readonly InstanceDiff[]): InstanceDiff[][] {
	const groups = new Map<string, InstanceDiff[]>();
	for (const diff of diffs) {
		const { os, version } = diff.desired.shape.stemcell;
		const key = `${os}/${version}`;
		groups.set(key, [...(groups.get(key) ?? []), diff]);
	}
	return [...groups.values()];
}

/** A release's package once, however many instances use it. Two releases may share a key, and each has its own packages wait for it. */
function distinct(diffs: readonly InstanceDiff[]): PackageUse[] {
	const uses = new Map<string, PackageUse>();
	for (const { desired } of diffs)
		for (const use of desired.packages) uses.set(`${use.release}/${use.name}/${use.key}`, use);
	return [...uses.values()];
}

function dependenciesOf(use: PackageUse, all: readonly PackageUse[]): PackageUse[] {
	return all.filter((other) => other.release === use.release && use.dependencies.includes(other.name));
}

/** One of each key, those that others wait for first, by the length of the chain behind them; by name on a tie. Releases may share a key. */
function byChainLength(uses: readonly PackageUse[]): PackageUse[] {
	const dependents = new Map<string, PackageUse[]>();
	for (const use of uses)
		for (const { key } of dependenciesOf(use, uses)) dependents.set(key, [...(dependents.get(key) ?? []), use]);
	const depth = new Map<string, number>();
	const measure = ({ key }: PackageUse): number => {
		const known = depth.get(key);
		if (known !== undefined) return known;
		const length = 1 + Math.max(0, ...(dependents.get(key) ?? []).map(measure));
		depth.set(key, length);
		return length;
	};
	const name = ({ release, name }: PackageUse) => `${release}/${name}`;
	const each = new Map(uses.map((use) => [use.key, use]));
	return [...each.values()].sort((a, b) => measure(b) - measure(a) || (name(a) < name(b) ? -1 : 1));
}

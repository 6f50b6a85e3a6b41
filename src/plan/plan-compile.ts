import type { DesiredInstance } from "./desired.ts";
import type { InstanceDiff } from "./diff-instance.ts";
import type { InstanceName, PackageSource, PackageUse, Step } from "./step.ts";

/** VMs that only compile, by the stemcell that they are of: `OS/VERSION`. */
export type CompilationVms = ReadonlyMap<string, readonly DesiredInstance[]>;

/** What has to be compiled for one stemcell. */
export interface CompileNeed {
	readonly stemcell: {
		/** `OS/VERSION`. */
		readonly line: string;
		/** What the manifest calls it. */
		readonly alias: string;
	};
	/** Those instances that use it. */
	readonly diffs: readonly InstanceDiff[];
	/** One of each release. */
	readonly uses: readonly PackageUse[];
}

/** Where each package that has no compiled form yet is compiled, and when. */
export interface CompilePlan {
	readonly steps: readonly Step[];
	/** By compiled key: the step that makes it. */
	readonly stepOf: ReadonlyMap<string, string>;
	/** The last step of each VM that compiles. */
	readonly lastOn: ReadonlyMap<InstanceName, string>;
	/** Instances whose VMs compile in their own turn, once they have been made: there is no other VM of that stemcell. */
	readonly inTurn: ReadonlySet<InstanceName>;
}

interface CompileInput {
	/** In the order in which instances are updated. */
	readonly needs: readonly CompileNeed[];
	readonly sources: readonly PackageSource[];
	/** VMs that are made for it. Absent: the deployment's own compile. */
	readonly compilationVms?: CompilationVms;
	/** The last step that prepares an instance's new VM, for those that are made outside of any turn. */
	readonly readyAfter: (instance: InstanceName) => readonly string[];
}

/**
 * Spreads compiling over VMs of that stemcell: those that are made for it, or the deployment's own: those that are new if there are any, else
 * those that answer, else the first that gets another VM or is powered on in its turn. A package waits for those it needs and for the one
 * before it on the same VM; the longest chains go first.
 */
export function planCompile({ needs, compilationVms, sources, readyAfter }: CompileInput): CompilePlan {
	const steps: Step[] = [];
	const stepOf = new Map<string, string>();
	const lastOn = new Map<InstanceName, string>();
	const inTurn = new Set<InstanceName>();
	for (const { diffs, uses, stemcell } of needs) {
		const ready = readyOnes(diffs);
		const made = compilationVms?.get(stemcell.line);
		const late =
			made || ready.length > 0
				? undefined
				: diffs.find(({ vm }) => vm === "replace" || vm === "swap" || vm === "power-on");
		if (late) inTurn.add(late.desired.name);
		const workers = made ?? (late ? [late] : ready).map(({ desired }) => desired);
		for (const { use, worker: next } of assigned(uses, workers)) {
			const worker = (made ? undefined : holderOf(use, diffs)) ?? next;
			const id = `compile-package ${use.release}/${use.name} ${stemcell.line}`;
			const needed = dependenciesOf(use, uses).flatMap(({ key }) => stepOf.get(key) ?? []);
			const before = lastOn.get(worker.name);
			const own = late ? [`${late.vm === "power-on" ? "power-on" : "bootstrap-vm"} ${worker.name}`] : [];
			const after = [...own, ...readyAfter(worker.name), ...needed, ...(before ? [before] : [])];
			steps.push({
				kind: "compile-package",
				id,
				title: `Compiling ${use.release}/${use.name} on ${worker.name}`,
				after: [...new Set(after)],
				instance: worker.name,
				package: use,
				stemcell: worker.shape.stemcell,
				sources,
				...(late?.vm === "swap" ? { onNextVm: true } : {}),
			});
			stepOf.set(use.key, id);
			lastOn.set(worker.name, id);
		}
	}
	return { steps, stepOf, lastOn, inTurn };
}

/** By stemcell, the packages that some instance lacks and that have neither a compiled form (`compiled` holds the keys of those) nor come compiled. */
export function compileNeeds(diffs: readonly InstanceDiff[], compiled: ReadonlySet<string>): readonly CompileNeed[] {
	const withVm = diffs.filter(({ desired }) => desired.record?.wanted !== "detached");
	return [...Map.groupBy(withVm, ({ desired: { shape } }) => `${shape.stemcell.os}/${shape.stemcell.version}`)].flatMap(
		([line, own]) => {
			const uses = lackingOnes(own, compiled);
			const alias = own[0]?.desired.group.stemcell ?? "";
			return uses.length === 0 ? [] : [{ stemcell: { line, alias }, diffs: own, uses }];
		},
	);
}

/** How many of `most` VMs the packages keep busy: a chain of them needs one. */
export function workersFor({ uses }: Pick<CompileNeed, "uses">, most: number): number {
	const workers = Array.from({ length: Math.min(most, uses.length) }, (_, name) => ({ name }));
	return new Set(assigned(uses, workers).map(({ worker }) => worker)).size;
}

/** What has no compiled form while some instance lacks it, and what that needs to compile. */
function lackingOnes(group: readonly InstanceDiff[], compiled: ReadonlySet<string>): readonly PackageUse[] {
	const uses = distinct(group).filter((use) => use.compiledFor === undefined && !compiled.has(use.key));
	const lacking = new Set(
		group.flatMap((diff) => diff.desired.packages.flatMap((use) => (isOn(diff, use) ? [] : [use.key]))),
	);
	const needed = new Set<PackageUse>();
	const add = (use: PackageUse): void => {
		if (needed.has(use)) return;
		needed.add(use);
		for (const need of dependenciesOf(use, uses)) add(need);
	};
	for (const use of uses) if (lacking.has(use.key)) add(use);
	return uses.filter((use) => needed.has(use));
}

/** True if the VM that the instance has, and keeps, holds the package. */
function isOn({ vm, desired }: InstanceDiff, { name, key }: PackageUse): boolean {
	return (vm === "keep" || vm === "power-on") && desired.record?.applied?.packages[name] === key;
}

/** One that answers and holds it: there it is packed at once. Its compiled form was lost since. */
function holderOf(use: PackageUse, group: readonly InstanceDiff[]): DesiredInstance | undefined {
	return group.find((diff) => diff.reachable && diff.vm === "keep" && isOn(diff, use))?.desired;
}

/** VMs of the stemcell that are there before any turn begins. One that is replaced for another stemcell is of the former still. */
function readyOnes(group: readonly InstanceDiff[]): readonly InstanceDiff[] {
	const fresh = group.filter(({ vm }) => vm === "create" || vm === "bootstrap");
	if (fresh.length > 0) return fresh;
	return group.filter(({ reachable, reasons }) => reachable && !reasons.some(({ reason }) => reason === "stemcell"));
}

/**
 * Which package compiles on which VM, in order: as if all took as long, each goes where it can begin first, and there to the VM that has
 * idled least, so that a chain stays on one.
 */
function assigned<Worker>(
	uses: readonly PackageUse[],
	workers: readonly Worker[],
): readonly { readonly use: PackageUse; readonly worker: Worker }[] {
	const ends = new Map<string, number>();
	const busy = workers.map((worker) => ({ worker, until: 0 }));
	return byChainLength(uses).flatMap((use) => {
		const ready = Math.max(0, ...dependenciesOf(use, uses).map(({ key }) => ends.get(key) ?? 0));
		const [first, ...others] = busy;
		if (!first) return [];
		const better = (a: typeof first, b: typeof first) =>
			Math.max(a.until, ready) - Math.max(b.until, ready) || b.until - a.until;
		const best = others.reduce((found, each) => (better(each, found) < 0 ? each : found), first);
		best.until = Math.max(best.until, ready) + 1;
		ends.set(use.key, best.until);
		return [{ use, worker: best.worker }];
	});
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

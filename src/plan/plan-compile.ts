import type { InstanceDiff } from "./diff-instance.ts";
import type { InstanceName, PackageUse, Step } from "./step.ts";

/** Where each package that has no compiled form yet is compiled, and when. */
export interface CompilePlan {
	readonly steps: readonly Step[];
	/** By compiled key: the step that makes it. */
	readonly stepOf: ReadonlyMap<string, string>;
}

/**
 * Spreads compiling over the deployment's own VMs: those that are new if there are any, else those that answer. A package waits for
 * those it needs and for the one before it on the same VM; the longest chains go first.
 */
export function planCompile(
	diffs: readonly InstanceDiff[],
	compiled: ReadonlySet<string>,
	readyAfter: (instance: InstanceName) => readonly string[],
): CompilePlan {
	const steps: Step[] = [];
	const stepOf = new Map<string, string>();
	for (const group of byStemcell(diffs)) {
		const wanted = new Map<string, PackageUse>();
		for (const { desired } of group)
			for (const use of desired.packages)
				if (use.compiledFor === undefined && !compiled.has(use.key)) wanted.set(use.key, use);
		const fresh = group.filter(({ vm }) => vm === "create" || vm === "bootstrap");
		const workers = (fresh.length > 0 ? fresh : group.filter(({ reachable }) => reachable)).map(
			({ desired }) => desired,
		);
		const queue = byChainLength([...wanted.values()]);
		const last = new Map<InstanceName, string>();
		queue.forEach((use, position) => {
			const worker = workers[position % workers.length];
			if (!worker) return;
			const id = `compile-package ${use.release}/${use.name} ${worker.shape.stemcell.os}/${worker.shape.stemcell.version}`;
			const needs = dependenciesOf(use, [...wanted.values()]).flatMap(({ key }) => stepOf.get(key) ?? []);
			const before = last.get(worker.name);
			const after = [...readyAfter(worker.name), ...needs, ...(before ? [before] : [])];
			steps.push({
				kind: "compile-package",
				id,
				title: `Compiling ${use.release}/${use.name} on ${worker.name}`,
				after: [...new Set(after)],
				instance: worker.name,
				package: use,
				stemcell: worker.shape.stemcell,
			});
			stepOf.set(use.key, id);
			last.set(worker.name, id);
		});
	}
	return { steps, stepOf };
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

function dependenciesOf(use: PackageUse, all: readonly PackageUse[]): PackageUse[] {
	return all.filter((other) => other.release === use.release && use.dependencies.includes(other.name));
}

/** Those that others wait for come first, by the length of the chain behind them; by name on a tie. */
function byChainLength(uses: readonly PackageUse[]): PackageUse[] {
	const depth = new Map<string, number>();
	const measure = (use: PackageUse): number => {
		const known = depth.get(use.key);
		if (known !== undefined) return known;
		const dependents = uses.filter((other) => other.release === use.release && other.dependencies.includes(use.name));
		const length = 1 + Math.max(0, ...dependents.map(measure));
		depth.set(use.key, length);
		return length;
	};
	const name = ({ release, name }: PackageUse) => `${release}/${name}`;
	return [...uses].sort((a, b) => measure(b) - measure(a) || (name(a) < name(b) ? -1 : 1));
}

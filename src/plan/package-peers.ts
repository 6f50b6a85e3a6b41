import type { InstanceRecord } from "../state/state.ts";
import type { InstanceDiff } from "./diff-instance.ts";
import type { InstanceName, PackageUse, Step } from "./step.ts";

/** From this size on, in bytes, VMs of an AZ get a package from each other: before that, asking another VM takes longer than the copy. */
export const LEAST_FROM_PEERS = 1 << 20;
/** As many names a step has at most. */
const NAMED = 4;

/** What VMs may get from each other. */
export interface Sharing {
	/** All instances of the deployment. */
	readonly records: readonly InstanceRecord[];
	/** Keys of packages whose compiled form is known to be too small for it. */
	readonly small: ReadonlySet<string>;
}

interface PeersInput extends Sharing {
	readonly diffs: readonly InstanceDiff[];
}

/** A VM that gets or makes a package, by the AZ and the package's key. */
type Bringing = Step & { readonly instance: InstanceName } & (
		| { readonly kind: "install-packages" }
		| { readonly kind: "compile-package" }
	);

/** Which VMs of the AZ a step's instance may get a package from: those that have it already, else the first that the plan brings it to. Undefined: no other VM there has to do with it. */
export type PeersOf = (step: Step, use: PackageUse) => readonly InstanceName[] | undefined;

export function peersOf(steps: readonly Step[], { diffs, records, small }: PeersInput): PeersOf {
	const place = placesOf({ diffs, records });
	const having = Map.groupBy(havingOf({ diffs, records }), ({ name, key }) => place(name, key));
	const has = new Set([...having.values()].flat().map(({ name, key }) => `${name} ${key}`));
	const lasting = new Set([
		...diffs.map(({ desired }) => desired.name),
		...records.map(({ group, index }) => `${group}/${index}`),
	]);
	const getting = Map.groupBy(
		steps.flatMap((step) =>
			isBringing(step) && lasting.has(step.instance)
				? usesOf(step).map(({ key }) => ({ name: step.instance, key }))
				: [],
		),
		({ name, key }) => place(name, key),
	);
	const names = new Map([...having].map(([at, all]) => [at, all.map(({ name }) => name)]));
	return ({ instance = "" }, { key }) => {
		if (small.has(key) || has.has(`${instance} ${key}`)) return undefined;
		const there = names.get(place(instance, key));
		if (there) return there;
		const [first, ...others] = getting.get(place(instance, key)) ?? [];
		if (first && first.name !== instance) return [first.name];
		return others.some(({ name }) => name !== instance) ? [] : undefined;
	};
}

/** The same steps; those that bring packages which other VMs of the AZ have, or get as well, say so. */
export function withPeers(steps: readonly Step[], input: PeersInput): readonly Step[] {
	const of = peersOf(steps, input);
	const place = placesOf(input);
	const busy = Map.groupBy(steps.filter(isBringing), ({ instance }) => place(instance, ""));
	let turn = 0;
	return steps.map((step) => {
		if (!isBringing(step)) return step;
		if (step.kind === "compile-package") {
			const others = busy.get(place(step.instance, "")) ?? [];
			return others.some(({ instance }) => instance !== step.instance) ? { ...step, peers: [] } : step;
		}
		const found = step.packages.map((use) => of(step, use)).filter((peers) => peers !== undefined);
		if (found.length === 0) return step;
		const peers = [...new Set(found.flatMap((names) => someOf(names, turn)))].slice(0, NAMED);
		turn += 1;
		return { ...step, peers, ...(peers.length > 0 ? { sources: ["peer", ...step.sources] } : {}) };
	});
}

/** Not the same ones for every VM. */
function someOf(names: readonly InstanceName[], turn: number): readonly InstanceName[] {
	const count = Math.min(NAMED, names.length);
	return Array.from(
		{ length: count },
		(_, position) => names[(turn * NAMED + position) % names.length] as InstanceName,
	);
}

function placesOf({ diffs, records }: Omit<PeersInput, "small">): (name: InstanceName, key: string) => string {
	const azs = new Map(records.map((record) => [`${record.group}/${record.index}`, record.az]));
	for (const { desired } of diffs) azs.set(desired.name, desired.placed.az);
	return (name, key) => `${azs.get(name)} ${key}`;
}

/** What VMs have that stay as they are for as long as the plan is applied. */
function havingOf({ diffs, records }: Omit<PeersInput, "small">) {
	const diffOf = new Map(diffs.map((diff) => [diff.desired.name, diff]));
	const inOrder = [...records].sort((a, b) => (a.group < b.group ? -1 : a.group > b.group ? 1 : a.index - b.index));
	return inOrder.flatMap(({ vm, applied, wanted, group, index }) => {
		const name = `${group}/${index}`;
		const diff = diffOf.get(name);
		const stays = diff ? diff.vm === "keep" && diff.reachable : wanted === "started";
		if (!vm?.bootstrapped || vm.deleting || !stays) return [];
		return Object.values(applied?.packages ?? {}).map((key) => ({ name, key }));
	});
}

/** A VM that is made to take another's place has an address which the others don't know yet: it gets its packages otherwise. */
function isBringing(step: Step): step is Bringing {
	return (step.kind === "install-packages" || step.kind === "compile-package") && !("onNextVm" in step);
}

function usesOf(step: Bringing): readonly PackageUse[] {
	return step.kind === "install-packages" ? step.packages : [step.package];
}

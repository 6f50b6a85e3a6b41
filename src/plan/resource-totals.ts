import type { LimitedResource, Quota, ResourceUse, SizedThing, VmCid } from "../cpi/cpi.ts";
import type { DiskRecord } from "../state/state.ts";
import type { Step } from "./step.ts";

/** A VM that is there. */
export interface PresentVm {
	readonly cpi: string;
	readonly addresses: number;
	/** Absent: not known what it was made with. */
	readonly cloudProperties?: SizedThing["cloudProperties"];
}

export interface TotalsInput {
	readonly steps: readonly Step[];
	readonly vms: ReadonlyMap<VmCid, PresentVm>;
	/** Orphaned ones too: the cloud counts them. */
	readonly disks: readonly DiskRecord[];
	/** What the cloud says; undefined: it does not. */
	readonly usesOf: (cpi: string, thing: SizedThing) => readonly ResourceUse[] | undefined;
	/** By CPI; of one that tells none there is nothing here. */
	readonly quotas: ReadonlyMap<string, readonly Quota[]>;
}

/** What the deployment takes of one thing at one cloud: now, at most while the plan runs, and after it. */
export interface ResourceTotal {
	readonly cpi: string;
	readonly resource: LimitedResource;
	readonly pool?: string;
	readonly now: number;
	readonly most: number;
	readonly after: number;
	readonly quotas: readonly Quota[];
	/** What takes more of it, as `web/0 (2)`. */
	readonly takers: readonly string[];
}

export interface ResourceTotals {
	readonly totals: readonly ResourceTotal[];
	/** CPIs that don't say how large their VMs are, or not of all. */
	readonly unsized: readonly string[];
}

const ORDER: readonly LimitedResource[] = ["vms", "vcpus", "memory", "disks", "disk", "addresses"];

interface Running {
	now: number;
	most: number;
	amount: number;
	readonly takers: string[];
}

interface Ledger {
	add(cpi: string, uses: readonly ResourceUse[], who?: string): void;
	remove(cpi: string, uses: readonly ResourceUse[]): void;
	/** From here on it is what the plan does. */
	begin(): void;
	rows(): readonly (readonly [readonly [string, LimitedResource, string?], Running])[];
}

/** Walks the plan in its order and counts what is there after each step. */
export function resourceTotals(input: TotalsInput): ResourceTotals {
	const { quotas } = input;
	const ledger = openLedger();
	const unsized = new Set<string>();
	const vms = new Map([...input.vms].map(([cid, vm]) => [cid, { cpi: vm.cpi, uses: usesOfVm(vm, input, unsized) }]));
	for (const { cpi, uses } of vms.values()) ledger.add(cpi, uses);
	for (const disk of input.disks) ledger.add(disk.cpi, usesOfDisk(disk, input));
	ledger.begin();
	const taken = takings(input, unsized);
	const made = new Map<string, ReturnType<typeof taken>>();
	for (const step of input.steps) {
		const gone =
			step.kind === "delete-vm" || step.kind === "delete-orphan-vm"
				? vms.get(step.cid)
				: step.kind === "delete-compilation-vm"
					? made.get(step.instance ?? "")
					: undefined;
		if (gone) ledger.remove(gone.cpi, gone.uses);
		const more = taken(step);
		if (more) ledger.add(more.cpi, more.uses, step.instance ?? step.id);
		if (step.kind === "create-vm") made.set(step.instance ?? "", more);
	}
	const totals = ledger.rows().map(([[cpi, resource, pool], { now, most, amount, takers }]) => ({
		...{ cpi, resource, now, most, after: amount, takers },
		...(pool === undefined ? {} : { pool }),
		quotas: (quotas.get(cpi) ?? []).filter((quota) => quota.resource === resource && quota.pool === pool),
	}));
	return { totals: totals.filter(({ most }) => most > 0), unsized: [...unsized].sort() };
}

function openLedger(): Ledger {
	const rows = new Map<string, readonly [readonly [string, LimitedResource, string?], Running]>();
	const change = (cpi: string, { resource, amount, pool }: ResourceUse, sign: 1 | -1, who?: string) => {
		const keys: readonly (readonly [string, LimitedResource, string?])[] = [
			[cpi, resource],
			...(pool === undefined ? [] : [[cpi, resource, pool] as const]),
		];
		for (const key of keys) {
			const id = JSON.stringify(key);
			const row = rows.get(id)?.[1] ?? { now: 0, most: 0, amount: 0, takers: [] };
			rows.set(id, [key, row]);
			row.amount += sign * amount;
			row.most = Math.max(row.most, row.amount);
			if (who !== undefined && amount > 0) row.takers.push(`${who} (${amount})`);
		}
	};
	return {
		add: (cpi, uses, who) => {
			for (const use of uses) change(cpi, use, 1, who);
		},
		remove: (cpi, uses) => {
			for (const use of uses) change(cpi, use, -1);
		},
		begin: () => {
			for (const [, row] of rows.values()) row.now = row.amount;
		},
		rows: () =>
			[...rows.values()].sort(
				([[cpi, resource, pool = ""]], [[otherCpi, other, otherPool = ""]]) =>
					cpi.localeCompare(otherCpi, "en") ||
					ORDER.indexOf(resource) - ORDER.indexOf(other) ||
					pool.localeCompare(otherPool, "en"),
			),
	};
}

function usesOfVm(
	{ cpi, addresses, cloudProperties }: PresentVm,
	{ usesOf }: Pick<TotalsInput, "usesOf">,
	unsized: Set<string>,
): readonly ResourceUse[] {
	const told = cloudProperties && usesOf(cpi, { kind: "vm", cloudProperties });
	if (!told) unsized.add(cpi);
	return [{ resource: "vms", amount: 1 }, ...(told ?? []), { resource: "addresses", amount: addresses }];
}

function usesOfDisk(
	{ cpi, sizeMib, cloudProperties = {} }: Pick<DiskRecord, "cpi" | "sizeMib" | "cloudProperties">,
	{ usesOf }: Pick<TotalsInput, "usesOf">,
): readonly ResourceUse[] {
	const properties = cloudProperties as SizedThing["cloudProperties"];
	const told = usesOf(cpi, { kind: "disk", sizeMib, cloudProperties: properties });
	return [{ resource: "disks", amount: 1 }, ...(told ?? [{ resource: "disk", amount: sizeMib } as const])];
}

/** What a step takes in addition. */
function takings(
	input: TotalsInput,
	unsized: Set<string>,
): (step: Step) => { readonly cpi: string; readonly uses: readonly ResourceUse[] } | undefined {
	const sizes = new Map(input.disks.map((disk) => [disk.cid, disk]));
	return (step) => {
		if (step.kind === "create-vm") {
			const { cpi, cloudProperties, networks } = step.shape;
			const vm = { cpi, cloudProperties, addresses: Object.keys(networks).length };
			return { cpi, uses: usesOfVm(vm, input, unsized) };
		}
		if (step.kind === "create-disk") return { cpi: step.cpi, uses: usesOfDisk(step, input) };
		const grown = step.kind === "resize-disk" ? sizes.get(step.disk) : undefined;
		if (step.kind !== "resize-disk" || !grown) return undefined;
		const [, ...more] = usesOfDisk({ ...grown, sizeMib: step.sizeMib - grown.sizeMib }, input);
		return { cpi: step.cpi, uses: more };
	};
}

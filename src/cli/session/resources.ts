import type { CloudProperties, Cpi, Quota, ResourceUse, SizedThing, VmCid } from "../../cpi/cpi.ts";
import { CpiError } from "../../cpi/errors.ts";
import { canonicalJson } from "../../digest.ts";
import { type DesiredInstance, shapeDigests } from "../../plan/desired.ts";
import { type PresentVm, type ResourceTotals, resourceTotals } from "../../plan/resource-totals.ts";
import type { InstanceName } from "../../plan/step.ts";
import type { DeployPlan } from "./deploy-plan.ts";
import type { DeploymentRun } from "./deployment-run.ts";
import { formerInstances } from "./former-instances.ts";

/** A lookup takes no longer, in ms. */
const DEADLINE_MS = 60_000;

/** What a plan takes of each cloud, against the limits that the cloud tells. */
export interface Resources extends ResourceTotals {
	/** CPIs that don't tell their limits, and why if they were asked. */
	readonly unlimited: readonly { readonly cpi: string; readonly why?: string }[];
}

/** Asks each cloud once for its limits, and once for each size of VM and disk that is there or wanted. */
export async function askResources(run: DeploymentRun, { plan, diffs, seen }: DeployPlan): Promise<Resources> {
	const { cpis, records, context } = run;
	const used = [...cpis.all()];
	const answers = new Map(
		await Promise.all(used.map(async ([name, cpi]) => [name, await quotasOf(cpi, context.signal)] as const)),
	);
	const vms = presentVms(run, { diffs, seen });
	const things: readonly (readonly [string, SizedThing])[] = [
		...[...vms.values()].flatMap(({ cpi, cloudProperties }) =>
			cloudProperties ? [[cpi, { kind: "vm", cloudProperties }] as const] : [],
		),
		...records
			.disks()
			.map(({ cpi, sizeMib, cloudProperties = {} }) => [cpi, diskOf(sizeMib, cloudProperties)] as const),
		...plan.steps.flatMap((step): readonly (readonly [string, SizedThing])[] => {
			if (step.kind === "create-vm")
				return [[step.shape.cpi, { kind: "vm", cloudProperties: step.shape.cloudProperties }]];
			if (step.kind === "create-disk") return [[step.cpi, diskOf(step.sizeMib, step.cloudProperties)]];
			return [];
		}),
	];
	const uses = await usesOf(things, cpis.get, context.signal);
	const totals = resourceTotals({
		steps: plan.steps,
		vms,
		disks: records.disks(),
		usesOf: (cpi, thing) => uses.get(canonicalJson([cpi, thing])),
		quotas: new Map([...answers].map(([name, { quotas }]) => [name, quotas])),
	});
	const unlimited = [...answers].flatMap(([cpi, { quotas, why }]) =>
		quotas.length > 0 ? [] : [{ cpi, ...(why === undefined ? {} : { why }) }],
	);
	return { ...totals, unlimited };
}

function diskOf(sizeMib: number, cloudProperties: unknown): SizedThing {
	return { kind: "disk", sizeMib, cloudProperties: cloudProperties as CloudProperties };
}

/** The VMs that were seen. Of one whose cloud properties are neither what is wanted nor what the last finished deploy wanted they are not known. */
function presentVms(
	run: DeploymentRun,
	{ diffs, seen }: Pick<DeployPlan, "diffs" | "seen">,
): ReadonlyMap<VmCid, PresentVm> {
	const wanted = new Map(diffs.map(({ desired }) => [desired.name, desired]));
	let former: ReturnType<typeof formerInstances> | undefined;
	const formerOf = (name: InstanceName) => {
		former ??= formerInstances(run);
		return former.get(name)?.desired;
	};
	const recorded = run.records.instances().flatMap(({ group, index, vm, ips }) => {
		if (!vm || !seen.observed.vms.has(vm.cid)) return [];
		const name = `${group}/${index}`;
		const isOf = (each: DesiredInstance | undefined) =>
			each && shapeDigests(each.shape).cloud_properties === vm.shape.cloud_properties ? each : undefined;
		const cloudProperties = (isOf(wanted.get(name)) ?? isOf(formerOf(name)))?.shape.cloudProperties;
		const present = { cpi: vm.cpi, addresses: Object.keys(ips).length };
		return [[vm.cid, { ...present, ...(cloudProperties ? { cloudProperties } : {}) }] as const];
	});
	const strays = seen.orphanVms.map(({ cid, cpi }) => [cid, { cpi, addresses: 0 }] as const);
	return new Map([...recorded, ...strays]);
}

async function quotasOf(
	cpi: Cpi,
	signal: AbortSignal,
): Promise<{ readonly quotas: readonly Quota[]; readonly why?: string }> {
	try {
		return { quotas: (await cpi.quotas?.({ signal, deadlineMs: DEADLINE_MS })) ?? [] };
	} catch (error) {
		// Who may make VMs may often not ask for quotas.
		if (error instanceof CpiError) return { quotas: [], why: error.message };
		throw error;
	}
}

/** By the JSON of CPI and thing. */
async function usesOf(
	things: readonly (readonly [string, SizedThing])[],
	cpi: (name: string) => Cpi,
	signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly ResourceUse[]>> {
	const distinct = new Map(things.map((thing) => [canonicalJson(thing), thing]));
	const asked = await Promise.all(
		[...distinct].map(async ([key, [name, thing]]) => {
			const use = cpi(name).resourcesOf?.(thing, { signal, deadlineMs: DEADLINE_MS });
			const told = await use?.catch((error: unknown) => {
				// What is wrong with the properties is told by whoever makes the thing.
				if (error instanceof CpiError) return undefined;
				throw error;
			});
			return told ? [[key, told] as const] : [];
		}),
	);
	return new Map(asked.flat());
}

import type { PlanReport } from "../../plan/report-schema.ts";
import { counted } from "../../plan/titles.ts";
import { formatSize } from "./size.ts";

type Total = NonNullable<PlanReport["totals"]["resources"]>[number];
type Fact = readonly [string, string];

const NAMES: Readonly<Record<Total["resource"], string>> = {
	vms: "VMs",
	vcpus: "vCPUs",
	memory: "memory",
	disks: "disks",
	disk: "disk space",
	addresses: "addresses",
};

const UNTOLD = { sizes: "vCPUs and memory of VMs", quotas: "quotas" } as const;

/** What a plan takes of each cloud, what the clouds don't tell of it, and how much was asked to know it. */
export function takenFacts({ totals, asked }: PlanReport): readonly Fact[] {
	const places = Map.groupBy(totals.resources ?? [], ({ cpi, pool }) => (pool === undefined ? cpi : `${cpi}, ${pool}`));
	const untold = totals.not_told.map(
		({ cpi, what, why }) => `${UNTOLD[what]} (${cpi}${why === undefined ? "" : `: ${why}`})`,
	);
	return [
		...[...places].map(([place, all]): Fact => ["takes", `at ${place}: ${all.map(totalText).join("; ")}`]),
		...(untold.length > 0 ? [["not told", `by the cloud: ${untold.join("; ")}`] as const] : []),
		...askedFact(asked),
	];
}

/** How many calls the plan took. None: nobody was asked. */
export function askedFact({ calls, probes }: PlanReport["asked"]): readonly Fact[] {
	const clouds = [...Map.groupBy(calls, ({ cpi }) => cpi)].map(
		([cpi, all]) => `${cpi} (${all.map(({ verb, count }) => `${verb} ${count}`).join(", ")})`,
	);
	const parts = [
		...(clouds.length > 0 ? [`calls at ${clouds.join(", ")}`] : []),
		...(probes > 0 ? [`${counted(probes, "VM")} probed in one wave`] : []),
	];
	return parts.length > 0 ? [["asked", parts.join("; ")]] : [];
}

function totalText({ resource, now, most, after, quotas }: Total): string {
	const text = (amount: number) =>
		resource === "memory" || resource === "disk" ? formatSize(amount * 1024) : String(amount);
	const change = now === after ? text(now) : `${text(now)} → ${text(after)}`;
	const surge = most > Math.max(now, after) ? `, ${text(most)} meanwhile` : "";
	const limits = quotas.map(
		({ name, limit, used, enforced }) => `${enforced ? `quota ${name}` : name}: ${text(used)} of ${text(limit)} in use`,
	);
	return `${NAMES[resource]} ${change}${surge}${limits.length > 0 ? ` (${limits.join(", ")})` : ""}`;
}

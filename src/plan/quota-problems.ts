import type { LimitedResource, Quota } from "../cpi/cpi.ts";
import { type Problem, problem } from "../errors.ts";
import type { ResourceTotal } from "./resource-totals.ts";

const NAMED = 6;

/** What is counted, as people say it. */
const RESOURCE_NAMES: Readonly<Record<LimitedResource, string>> = {
	vms: "VMs",
	vcpus: "vCPUs",
	memory: "MiB of memory",
	disks: "disks",
	disk: "MiB of disks",
	addresses: "addresses",
};

/** Quotas that the plan would run into, each with its numbers and who takes more. A limit that the cloud does not enforce is none. */
export function quotaProblems(totals: readonly ResourceTotal[]): readonly Problem[] {
	return totals.flatMap((total) =>
		total.quotas
			.filter(({ enforced, limit, used }) => enforced && missing(total, { limit, used }) > 0)
			.map((quota) => problemOf(total, quota)),
	);
}

/** How much more than the limit would be in use. */
function missing({ now, most }: ResourceTotal, { limit, used }: Pick<Quota, "limit" | "used">): number {
	return most > now ? used + (most - now) - limit : 0;
}

function problemOf(total: ResourceTotal, quota: Quota): Problem {
	const { cpi, resource, pool, now, most, after } = total;
	// The order of updates hangs on instances' random ids.
	const takers = total.takers.toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }));
	const what = RESOURCE_NAMES[resource];
	const where = pool === undefined ? cpi : `${cpi}, ${pool}`;
	const while_ = most > after ? ` while it runs, ${Math.max(0, after - now)} after it` : "";
	const more = takers.length > NAMED ? ` and ${takers.length - NAMED} more` : "";
	const message = `${where}: the quota ${quota.name} is too small: this takes ${most - now} ${what} more${while_}, and of ${quota.limit} there are ${quota.used} in use: ${missing(total, quota)} too many; taken by ${takers.slice(0, NAMED).join(", ")}${more}`;
	return problem("quota-exceeded", message, {
		hint: `have the quota raised to ${quota.used + most - now}, want fewer or smaller ones, or delete at the cloud what nobody needs`,
	});
}

import { amountOf } from "./amount.ts";
import type { InstanceDiff } from "./diff-instance.ts";

/** Where an instance stands in its group's update. */
export interface Turn {
	readonly diff: InstanceDiff;
	readonly canary: boolean;
	/** Instance names whose update must have ended before this one begins. */
	readonly after: readonly string[];
}

/**
 * The order within one group, as BOSH's: the bootstrap instance's AZ first, then those without an AZ, then AZs by name; canaries once, in
 * the first AZ, ahead of the rest; never more than max_in_flight of an AZ's batch at a time. An instance waits for the one that stands
 * max_in_flight places before it, and the first of a batch for the whole batch before.
 */
export function updateOrder(diffs: readonly InstanceDiff[], firstDeploy: boolean): Turn[] {
	const [first] = diffs;
	if (!first) return [];
	const { update } = first.desired.group;
	const ignoreAzs = firstDeploy && update.initialDeployAzUpdateStrategy === "parallel";
	const batches = ignoreAzs ? [sorted(diffs)] : byAz(diffs);
	const turns: Turn[] = [];
	let previous: readonly string[] = [];
	batches.forEach((batch, position) => {
		const canaryCount = position === 0 ? Math.min(batch.length, amountOf(update.canaries, batch.length)) : 0;
		const limit = Math.max(1, amountOf(update.maxInFlight, batch.length));
		for (const [members, canary, size] of [
			[batch.slice(0, canaryCount), true, limit] as const,
			[batch.slice(canaryCount), false, limit] as const,
		]) {
			if (members.length === 0) continue;
			const before = previous;
			members.forEach((diff, place) => {
				const lane = members[place - size];
				turns.push({ diff, canary, after: lane ? [lane.desired.name] : before });
			});
			previous = members.map(({ desired }) => desired.name);
		}
	});
	return turns;
}

function sorted(diffs: readonly InstanceDiff[]): InstanceDiff[] {
	const rank = ({ desired: { placed } }: InstanceDiff) => `${placed.bootstrap ? 0 : 1} ${placed.id}`;
	return [...diffs].sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

function byAz(diffs: readonly InstanceDiff[]): InstanceDiff[][] {
	const bootstrapAz = diffs.find(({ desired }) => desired.placed.bootstrap)?.desired.placed.az;
	const azs = [...new Set(diffs.map(({ desired }) => desired.placed.az))];
	const rank = (az: string) => `${az === bootstrapAz ? 0 : az === "" ? 1 : 2} ${az}`;
	azs.sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
	return azs.map((az) => sorted(diffs.filter(({ desired }) => desired.placed.az === az)));
}

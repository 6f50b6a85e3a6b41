import type { InstanceGroup } from "../manifest/deployment.ts";
import type { InstanceRecord } from "../state/state.ts";
import { disksOf } from "./named-disks.ts";

/** One place of a group: the recorded instance that keeps it, or a new one. */
export interface Slot {
	readonly az: string;
	readonly index: number;
	readonly record?: InstanceRecord;
}

/**
 * Spreads a group over its AZs as BOSH does: ignored instances stay, then those with a persistent disk stay in their AZ, then each
 * other place goes to the AZ with the fewest, on a tie to one that still holds an unclaimed instance, else to the first by name.
 * What is left over is obsolete.
 */
export function placeInAzs(
	group: InstanceGroup,
	recorded: readonly InstanceRecord[],
): { readonly slots: readonly Slot[]; readonly obsolete: readonly InstanceRecord[] } {
	const azs = group.azs.length > 0 ? group.azs : [""];
	const former = [...recorded].sort((a, b) => a.index - b.index);
	const unclaimed = new Set(former.map((record) => adopt(record, group)));
	const chosen: { az: string; record?: InstanceRecord }[] = [];
	const claim = (record: InstanceRecord) => {
		unclaimed.delete(record);
		chosen.push({ az: record.az, record });
	};
	for (const record of [...unclaimed]) if (record.ignore) claim(record);
	for (const record of [...unclaimed]) {
		if (chosen.length < group.instances && disksOf(record).length > 0 && azs.includes(record.az)) claim(record);
	}
	const load = new Map(azs.map((az) => [az, 0]));
	for (const { az } of chosen) load.set(az, (load.get(az) ?? 0) + 1);
	const waiting = Map.groupBy(unclaimed, ({ az }) => az);
	while (chosen.length < group.instances) {
		const az = leastLoaded(azs, load, waiting);
		const existing = waiting.get(az)?.shift();
		if (existing) claim(existing);
		else chosen.push({ az });
		load.set(az, (load.get(az) ?? 0) + 1);
	}
	return { slots: withIndexes(chosen), obsolete: [...unclaimed] };
}

/** `migrated_from` without an AZ of its own: the instance is taken to be where the manifest says. */
function adopt(record: InstanceRecord, group: InstanceGroup): InstanceRecord {
	if (record.az !== "") return record;
	const from = group.migratedFrom.find((entry) => entry.name === record.group && entry.az !== undefined);
	return from?.az === undefined ? record : { ...record, az: from.az };
}

function leastLoaded(
	azs: readonly string[],
	load: ReadonlyMap<string, number>,
	waiting: ReadonlyMap<string, readonly InstanceRecord[]>,
): string {
	const holds = (az: string) => (waiting.get(az)?.length ? 0 : 1);
	const better = (a: string, b: string) =>
		(load.get(a) ?? 0) - (load.get(b) ?? 0) || holds(a) - holds(b) || (a < b ? -1 : 1);
	return azs.reduce((best, az) => (better(az, best) < 0 ? az : best));
}

/** An instance keeps its index; a new one takes the lowest that is free. */
function withIndexes(chosen: readonly { az: string; record?: InstanceRecord }[]): Slot[] {
	const used = new Set(chosen.flatMap(({ record }) => (record ? [record.index] : [])));
	let next = 0;
	const slots = chosen.map(({ az, record }): Slot => {
		if (record) return { az, index: record.index, record };
		while (used.has(next)) next += 1;
		used.add(next);
		return { az, index: next };
	});
	return slots.sort((a, b) => a.index - b.index);
}

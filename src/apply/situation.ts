import { STORE } from "../machine/layout.ts";
import { parseProbe, probeScript } from "../machine/probe.ts";
import type { Vitals } from "../machine/vitals.ts";
import type { Step } from "../plan/step.ts";
import type { ApplyContext } from "./context.ts";
import { runProbe } from "./run-probe.ts";

/** A share of a file system from which on it may be what is wrong, in percent. */
const FULL = 95;

/**
 * What one looks at next where an instance does not come up, a line each: how its VM is, and what this plan changed about it. What can't
 * be found out is left out: it must not hide the failure.
 */
export async function situation(step: Step & { instance: string }, context: ApplyContext): Promise<readonly string[]> {
	const vitals = await vitalsOf(step.instance, context).catch(() => undefined);
	const reasons = context.reasons?.(step.instance) ?? [];
	const changed = reasons
		.filter(({ reason }) => reason !== "new")
		.map(({ reason, detail }) => (detail === undefined ? reason : `${reason}: ${detail}`));
	return [
		...(vitals ? [`its VM: ${vitalsText(vitals)}`] : []),
		...(changed.length > 0 ? [`what changed: ${changed.join("; ")}`] : []),
	];
}

async function vitalsOf(
	instance: string,
	{ records, connect, clock, signal }: ApplyContext,
): Promise<Vitals | undefined> {
	const script = probeScript({ vitals: true, mountPoint: records.get(instance).disk && STORE });
	const { stdout } = await runProbe(connect(instance, { signal }), script, { signal, clock });
	return parseProbe(stdout).vitals;
}

/** `load 0.5, memory 40%, swap 0%; disks: system 50%, ephemeral 100% (full)` */
function vitalsText({ load: [load], memory, swap, disk }: Vitals): string {
	const disks = Object.entries(disk).flatMap(([name, place]) => {
		if (!place) return [];
		const { percent, inodePercent } = place;
		const full = percent >= FULL ? " (full)" : (inodePercent ?? 0) >= FULL ? " (no inodes left)" : "";
		return [`${name} ${percent}%${full}`];
	});
	return `load ${load}, memory ${memory.percent}%, swap ${swap.percent}%; disks: ${disks.join(", ")}`;
}

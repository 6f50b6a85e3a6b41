import { amountOf } from "../plan/amount.ts";
import { isAbsent } from "./judge.ts";
import type { Target } from "./reading.ts";

/** Percent of the VMs that may be silent at once, whatever may be repaired at once. */
const MOST_SILENT = 20;

/**
 * Why it must be the watcher that lost its VMs, and not they that died; undefined: it sees them. More of them are silent than may fall ill at
 * once, though their clouds don't say that they are gone.
 */
export function partition(targets: readonly Target[]): string | undefined {
	const silent = targets.filter(({ reading: { machine, cloud } }) => !machine.answers && !isAbsent(cloud));
	if (silent.length <= Math.max(1, amountOf({ percent: MOST_SILENT }, targets.length))) return undefined;
	const told = silent.some(({ reading }) => reading.cloud === "nothing")
		? "their cloud does not answer either"
		: "the cloud says that they run";
	return `${silent.length} of ${targets.length} VMs do not answer, and ${told}: the network between here and them may be cut`;
}

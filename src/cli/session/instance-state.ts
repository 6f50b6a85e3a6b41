import type { ProcessStatus } from "../../machine/supervisor/control.ts";
import type { InstanceView } from "./look.ts";

const pendingState = {
	start: "starting",
	stop: "stopping",
	restart: "restarting",
	monitor: "starting",
	unmonitor: "stopping",
} as const;

const pendingStates: ReadonlySet<string> = new Set(Object.values(pendingState));

/** A process in one word or two: `running`, `starting`, `not monitored`, or what the supervisor says is wrong with it. */
export function processState({ pending, monitored, status }: ProcessStatus): string {
	if (pending) return pendingState[pending];
	return monitored ? status : "not monitored";
}

/** An instance by its processes, in BOSH's words; by its VM, if that does not answer. */
export function instanceState({ state, probe, record }: Pick<InstanceView, "state" | "probe" | "record">): string {
	if (!probe) return state === "missing" && record.wanted === "detached" ? "detached" : state;
	const states = probe.processes?.map(processState);
	if (!states || !record.applied) return "failing";
	// A supervisor whose jobs are gone, as without the disk that they are on, has nothing that could fail.
	if (probe.wrongJobs.length > 0 && !record.dirty) return "failing";
	const stopped = states.every((each) => each === "not monitored");
	if (record.wanted !== "started" && stopped) return "stopped";
	if (states.every((each) => each === "running")) return "running";
	return states.find((each) => pendingStates.has(each)) ?? "failing";
}

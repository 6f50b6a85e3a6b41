import type { RecordedEvent } from "../../state/state.ts";

/** Columns of `shownEvent`. */
export const EVENT_COLUMNS = ["time", "actor", "action", "object", "outcome", "seconds", "problems", "plan", "task"];

/** A row for people and for programs. */
export function shownEvent({ at, actor, action, object, outcome, detail }: RecordedEvent) {
	const { durationMs, problems, plan, task } = detail;
	return {
		time: new Date(at).toISOString(),
		...{ actor, action, object, outcome },
		seconds: typeof durationMs === "number" ? (durationMs / 1000).toFixed(1) : undefined,
		...{ problems, plan, task },
	};
}

import { closeSync, openSync, writeSync } from "node:fs";
import type { View } from "./view.ts";

/**
 * Appends every event to a file, calls to clouds included, one JSON object a line with the time (UTC) and davit's pid. Each line is one
 * write, so that several davits may share a file. Only its owner may read it.
 */
export function createLogView(path: string, { now, pid }: { now: () => number; pid: number }): View {
	const file = openSync(path, "a", 0o600);
	return {
		emit: (event) => {
			writeSync(file, `${JSON.stringify({ time: new Date(now()).toISOString(), pid, ...event })}\n`);
		},
		close: async () => closeSync(file),
	};
}

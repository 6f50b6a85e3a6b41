import type { DavitEvent } from "../../src/events.ts";

/** A text as users see it, with what differs from run to run left out: durations, ids, the world's folder. */
export function golden(text: string, folder = "/no-folder"): string {
	return text
		.replaceAll(folder, "FOLDER")
		.replace(/\b\d+\.\d s\b/g, "N s")
		.replace(/this machine: \d[^;)]* in use/g, "this machine: SOME of ALL in use")
		.replace(/\b(vm|disk)-[0-9a-f]{16}\b/g, "$1-CID")
		.replace(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, "UUID");
}

/** Events one a line, as programs get them, durations left out. */
export function goldenEvents(events: readonly DavitEvent[], folder?: string): string {
	const lines = events.map((event) => JSON.stringify("durationMs" in event ? { ...event, durationMs: 0 } : event));
	return golden(`${lines.join("\n")}\n`, folder);
}

/** Kinds of the steps that began, in order. */
export function startedKinds(events: readonly DavitEvent[]): readonly string[] {
	return events.flatMap((event) => (event.type === "step-started" ? [event.kind] : []));
}

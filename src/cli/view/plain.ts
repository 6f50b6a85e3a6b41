import type { DavitEvent } from "../../events.ts";
import { formatProblem } from "./problems.ts";
import { formatTable } from "./table.ts";
import type { Streams, View } from "./view.ts";

/** `1.2 s`, `3 min 04 s` */
export function formatDuration(ms: number): string {
	if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
	const seconds = Math.round(ms / 1000);
	return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
}

/** Plain lines for a pipe or a log: one when a step ends, fails, or is silent for long; results on standard output. */
export function createPlainView({ out, err }: Streams): View {
	return {
		emit: (event) => {
			const text = plainText(event);
			if (text === undefined) return;
			if (event.type === "output" || event.type === "table") out.write(text);
			else err.write(`${text}\n`);
		},
		close: async () => {},
	};
}

/** What an event says in plain lines; undefined for those that only a live view shows. */
export function plainText(event: DavitEvent): string | undefined {
	switch (event.type) {
		case "problem":
			return formatProblem(event.problem);
		case "note":
			return event.text;
		case "plan":
			return [
				`${event.deployment}: ${event.steps} step${event.steps === 1 ? "" : "s"}`,
				...event.changes.map((change) => `  ${change}`),
			].join("\n");
		case "step-finished":
			return `${event.skipped ? "-" : "✓"} ${event.title} (${formatDuration(event.durationMs)})`;
		case "step-failed":
			return `✗ ${event.title} (${formatDuration(event.durationMs)})`;
		case "step-waiting":
			return `… ${event.text} (for ${formatDuration(event.elapsedMs)})`;
		case "table":
			return `${formatTable(event.columns, event.rows)}\n`;
		case "output":
			return event.text;
		case "health":
			return `${new Date(event.at).toISOString()} ${event.deployment}${event.instance ? `/${event.instance}` : ""}: ${event.text}`;
		case "step-started":
		case "step-progress":
		case "package-installed":
		case "cpi-call":
		case "offline-plan":
		case "plan-report":
			return undefined;
	}
}

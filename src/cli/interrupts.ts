import process from "node:process";
import type { EventSink } from "../events.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Aborts `signal` at the first Ctrl-C, SIGTERM or SIGHUP, and says so unless `silent`; a second one ends the process at once, with exit
 * code 130.
 */
export function interrupts(
	emit: EventSink,
	{ silent }: { silent: boolean },
): { readonly signal: AbortSignal; dispose(): void } {
	const controller = new AbortController();
	const onSignal = (name: NodeJS.Signals) => {
		// The terminal is gone: what can't be written any more must not end davit in the middle of a step.
		if (name === "SIGHUP") for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
		if (controller.signal.aborted) process.exit(130);
		if (!silent)
			emit({ type: "note", text: "Stopping: what runs is brought to a safe point. Once more ends it at once." });
		controller.abort(new Error("interrupted"));
	};
	for (const name of SIGNALS) process.on(name, onSignal);
	return {
		signal: controller.signal,
		dispose: () => {
			for (const name of SIGNALS) process.off(name, onSignal);
		},
	};
}

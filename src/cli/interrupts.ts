import process from "node:process";
import type { EventSink } from "../events.ts";

/** Aborts `signal` at the first Ctrl-C or SIGTERM; a second one ends the process at once, with exit code 130. */
export function interrupts(emit: EventSink): { readonly signal: AbortSignal; dispose(): void } {
	const controller = new AbortController();
	const onSignal = () => {
		if (controller.signal.aborted) process.exit(130);
		emit({ type: "note", text: "Stopping: what runs is brought to a safe point. Once more ends it at once." });
		controller.abort(new Error("interrupted"));
	};
	for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, onSignal);
	return {
		signal: controller.signal,
		dispose: () => {
			for (const name of ["SIGINT", "SIGTERM"] as const) process.off(name, onSignal);
		},
	};
}

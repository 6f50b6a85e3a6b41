import process from "node:process";
import type { EventSink } from "../events.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Aborts `signal` at the first Ctrl-C, SIGTERM or SIGHUP, and says so unless `silent`; a second one ends the process at once, with exit
 * code 130. It is aborted too, without a word, when nobody reads standard output any more (`| head`).
 */
export function interrupts(
	emit: EventSink,
	{ silent }: { silent: boolean },
): { readonly signal: AbortSignal; dispose(): void } {
	const controller = new AbortController();
	const onSignal = () => {
		if (controller.signal.aborted) process.exit(130);
		if (!silent)
			emit({ type: "note", text: "Stopping: what runs is brought to a safe point. Once more ends it at once." });
		controller.abort(new Error("interrupted"));
	};
	const onUnread = ({ code }: NodeJS.ErrnoException) => {
		if (code === "EPIPE") controller.abort(new Error("interrupted"));
	};
	for (const name of SIGNALS) process.on(name, onSignal);
	process.stdout.on("error", onUnread);
	return {
		signal: controller.signal,
		dispose: () => {
			for (const name of SIGNALS) process.off(name, onSignal);
			process.stdout.off("error", onUnread);
		},
	};
}

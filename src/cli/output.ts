import type { EventSink } from "../events.ts";
import { createRedactor, redactEvent } from "../redact.ts";
import { createJsonView } from "./view/json.ts";
import { createPlainView } from "./view/plain.ts";
import type { Streams, View } from "./view/view.ts";

/** A view through which no secret that was registered passes. */
export interface SecretView extends View {
	readonly hide: (secrets: readonly string[]) => void;
	readonly listen: (listener: EventSink) => void;
}

/** The view that fits: NDJSON when asked, live on a terminal, plain lines else. The live one loads when there is something to do. */
export function openView({
	json,
	streams,
	terminal,
	now,
	log,
}: {
	json: boolean;
	streams: Streams;
	/** Whether what goes to `err` may be drawn over. */
	terminal: boolean;
	now: () => number;
	/** Gets every event as well. */
	log?: View | undefined;
}): SecretView {
	const secrets = new Set<string>();
	const listeners: EventSink[] = [];
	let redact: ReturnType<typeof createRedactor> | undefined;
	const plain: View = json ? createJsonView(streams) : createPlainView(streams);
	let view = plain;
	const waiting: Parameters<EventSink>[0][] = [];
	let loading: Promise<void> | undefined;
	const goLive = async () => {
		const { createLiveView } = await import("./view/live.ts");
		view = createLiveView(streams, now);
		for (const event of waiting.splice(0)) view.emit(event);
	};
	const show: EventSink = (event) => {
		const begins = event.type === "plan" || event.type === "step-started";
		if (terminal && !json && loading === undefined && begins) loading = goLive();
		if (loading !== undefined && view === plain) waiting.push(event);
		else view.emit(event);
	};
	return {
		emit: (event) => {
			if (secrets.size > 0) redact ??= createRedactor([...secrets]);
			const shown = redact ? redactEvent(event, redact) : event;
			log?.emit(shown);
			for (const listener of listeners) listener(shown);
			show(shown);
		},
		listen: (listener) => {
			listeners.push(listener);
		},
		hide: (more) => {
			for (const secret of more) secrets.add(secret);
			redact = undefined;
		},
		close: async () => {
			await loading;
			await view.close();
			await log?.close();
		},
	};
}

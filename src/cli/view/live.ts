import { createLogUpdate } from "log-update";
import type { DavitEvent } from "../../events.ts";
import { formatDuration, plainText } from "./plain.ts";
import { cutToWidth } from "./table.ts";
import type { Streams, View } from "./view.ts";

/** At most this many running steps are shown; the rest are counted. */
const WINDOW = 8;
/** Milliseconds between two drawings. */
const REDRAW = 100;
const SPINNER = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

interface Active {
	readonly title: string;
	readonly since: number;
	text?: string;
}

/** For a terminal: all that the plain view shows scrolls by, and the steps that run stand in a window below, until it is closed. */
export function createLiveView(streams: Streams, now: () => number): View {
	const active = new Map<string, Active>();
	let [total, done] = [0, 0];
	let board: Board | undefined;
	const frame = () => {
		const head = `${SPINNER[Math.floor(now() / REDRAW) % SPINNER.length]} ${boardTitle(done, total)}`;
		return [head, ...windowLines([...active.values()], now(), streams.err.columns ?? 80)].join("\n");
	};
	const print = (event: DavitEvent) => {
		const text = plainText(event);
		if (text === undefined) return;
		const result = event.type === "output" || event.type === "table";
		if (!result && board) return board.line(text);
		board?.clear();
		if (result) streams.out.write(text);
		else streams.err.write(`${text}\n`);
	};
	return {
		emit: (event) => {
			if (event.type === "plan") total = event.steps;
			if (event.type === "step-started") active.set(event.id, { title: event.title, since: now() });
			if (event.type === "step-progress" || event.type === "step-waiting") {
				const step = active.get(event.id);
				if (step) step.text = event.text;
			}
			if ((event.type === "step-finished" || event.type === "step-failed") && active.delete(event.id)) done += 1;
			print(event);
			if (event.type === "step-started") board ??= openBoard(streams.err, frame);
		},
		close: async () => {
			board?.close();
			board = undefined;
		},
	};
}

interface Board {
	/** Prints above the window. */
	line(text: string): void;
	/** Takes the window away until it is drawn again. */
	clear(): void;
	close(): void;
}

/** Draws what `frame` gives. The cursor is never hidden, so that a davit that is killed leaves a terminal that works. */
function openBoard(stream: Streams["err"], frame: () => string): Board {
	const update = createLogUpdate(stream, { showCursor: true });
	const timer = setInterval(() => update(frame()), REDRAW);
	return {
		line: (text) => {
			// Not by its own `persist`, which would break long lines in two where the terminal only shows them so.
			update.clear();
			stream.write(`${text}\n`);
			update(frame());
		},
		clear: update.clear,
		close: () => {
			clearInterval(timer);
			update.clear();
		},
	};
}

function boardTitle(done: number, total: number): string {
	return total > 0 ? `${done} of ${total} steps done` : `${done} steps done`;
}

function windowLines(active: readonly Active[], now: number, columns: number): string[] {
	const shown = active.slice(0, WINDOW).map(({ title, since, text }) => {
		const line = `  ${title} ${formatDuration(now - since)}${text ? `  ${text}` : ""}`;
		// What comes from a VM may hold anything: a tab or an escape code would break the window.
		return cutToWidth(line.replace(/\p{Cc}/gu, " "), columns - 1);
	});
	return active.length > WINDOW ? [...shown, `  and ${active.length - WINDOW} more`] : shown;
}

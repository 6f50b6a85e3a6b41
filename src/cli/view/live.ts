import { DefaultRenderer, ListrEventManager, ListrLogger, ProcessOutput } from "listr2";
import type { DavitEvent } from "../../events.ts";
import { formatDuration, plainText } from "./plain.ts";
import { cutToWidth } from "./table.ts";
import type { Streams, View } from "./view.ts";

/** At most this many running steps are shown; the rest are counted. */
const WINDOW = 8;
/** Milliseconds between two drawings, listr2's. */
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
		const write = () => void (result ? streams.out.write(text) : streams.err.write(`${text}\n`));
		if (board) board.above(write);
		else write();
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
			await board?.close();
			board = undefined;
		},
	};
}

interface Board {
	/** Takes the window away while something is printed where it stood. */
	above(print: () => void): void;
	close(): Promise<void>;
}

/** Leaves other output alone: it is printed above the window, at once. */
class Screen extends ProcessOutput {
	override hijack(): void {}
	override release(): void {}
}

/** Draws what `frame` gives with listr2's renderer, of which it is the only list. */
function openBoard(stream: Streams["err"], frame: () => string): Board {
	class Window extends DefaultRenderer {
		override create(): string {
			return frame();
		}
	}
	const terminal = stream as typeof process.stderr;
	const logger = new ListrLogger<never>({ processOutput: new Screen(terminal, terminal) });
	const window = new Window([], { clearOutput: true, logger }, new ListrEventManager());
	let opening: Promise<void> | undefined;
	let closed = false;
	const open = async () => {
		await window.render();
		opening = undefined;
		if (closed) window.end();
		else window.update();
	};
	opening = open();
	return {
		above: (print) => {
			if (!opening) window.end();
			print();
			opening ??= open();
		},
		close: async () => {
			closed = true;
			if (opening) await opening;
			else window.end();
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

import { Listr, type ListrTaskWrapper } from "listr2";
import type { DavitEvent } from "../../events.ts";
import { formatDuration, plainText } from "./plain.ts";
import type { Streams, View } from "./view.ts";

/** At most this many running steps are shown; the rest are counted. */
const WINDOW = 8;

interface Active {
	readonly title: string;
	readonly since: number;
	text?: string;
}

/**
 * For a terminal: finished steps scroll by as lines, those that run stand in a window below, drawn by listr2. Anything that is no
 * step goes through the plain view.
 */
export function createLiveView(streams: Streams, now: () => number): View {
	const active = new Map<string, Active>();
	let total = 0;
	let done = 0;
	let board: Board | undefined;
	const print = (event: DavitEvent) => {
		const text = plainText(event);
		if (text === undefined) return;
		if (event.type === "output" || event.type === "table") streams.out.write(text);
		else if (board) board.line(text);
		else streams.err.write(`${text}\n`);
	};
	const close = async () => {
		const ending = board;
		board = undefined;
		await ending?.close();
	};
	const emit = (event: DavitEvent) => {
		print(event);
		if (event.type === "plan") total = event.steps;
		if (event.type === "step-started") active.set(event.id, { title: event.title, since: now() });
		if (event.type === "step-progress" || event.type === "step-waiting") {
			const step = active.get(event.id);
			if (step) step.text = event.text;
		}
		if (event.type === "step-finished" || event.type === "step-failed") {
			active.delete(event.id);
			done += 1;
		}
		if (!event.type.startsWith("step-")) return;
		board ??= openBoard();
		board.draw(boardTitle(done, total), windowLines([...active.values()], now(), streams.err.columns ?? 80));
	};
	return { emit, close };
}

interface Board {
	line(text: string): void;
	draw(title: string, lines: readonly string[]): void;
	close(): Promise<void>;
}

/** One listr2 task that lives as long as steps run. */
function openBoard(): Board {
	let task: ListrTaskWrapper<unknown, never, never> | undefined;
	let end: () => void = () => {};
	const ended = new Promise<void>((resolve) => {
		end = resolve;
	});
	const pending: string[] = [];
	const list = new Listr(
		[
			{
				title: "…",
				task: (_, wrapper) => {
					task = wrapper as never;
					return ended;
				},
				rendererOptions: { bottomBar: Number.POSITIVE_INFINITY, persistentOutput: false },
			},
		],
		{ rendererOptions: { clearOutput: true, showErrorMessage: false }, registerSignalListeners: false, forceTTY: true },
	);
	const finished = list.run();
	return {
		line: (text) => {
			if (task) task.output = text;
			else pending.push(text);
		},
		draw: (title, lines) => {
			if (task) task.title = [title, ...lines].join("\n");
		},
		close: async () => {
			end();
			await finished;
		},
	};
}

function boardTitle(done: number, total: number): string {
	return total > 0 ? `${done} of ${total} steps done` : `${done} steps done`;
}

function windowLines(active: readonly Active[], now: number, columns: number): string[] {
	const shown = active.slice(0, WINDOW).map(({ title, since, text }) => {
		const line = `${title} ${formatDuration(now - since)}${text ? `  ${text}` : ""}`;
		return line.length > columns - 6 ? `${line.slice(0, columns - 7)}…` : line;
	});
	return active.length > WINDOW ? [...shown, `and ${active.length - WINDOW} more`] : shown;
}

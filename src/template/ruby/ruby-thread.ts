import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import type { FromWorker, Outcome, ToWorker } from "./outcome.ts";

/** How a thread failed to answer: a template ran past its deadline or broke the Ruby in it. The thread has ended. */
export class ThreadEnded extends Error {
	override readonly name = "ThreadEnded";
	readonly overDeadline: boolean;

	constructor(message: string, overDeadline: boolean) {
		super(message);
		this.overDeadline = overDeadline;
	}
}

/** One worker thread with a Ruby. It keeps the process alive only while somebody waits for it. */
export interface RubyThread {
	/** Resolves when Ruby is ready, about a second after the start. */
	booted(): Promise<void>;
	/** Sets what the templates that follow are rendered with. */
	startJob(specJson: string, nowMs: number): void;
	/** Rejects with ThreadEnded, or with the signal's reason. */
	render(file: string, source: string, options: { deadlineMs: number; signal: AbortSignal }): Promise<Outcome>;
	end(): Promise<void>;
}

/** Longest time in which Ruby is ready, in ms: a second, but on a machine that has far too much to do. */
const BOOT_MS = 600_000;

/** Starts a thread, which boots by itself. */
export function startRubyThread(): RubyThread {
	// Run from source the worker is a .ts file, run from dist a .js file; neither sees our environment or flags.
	const file = new URL(`./worker${extname(import.meta.url)}`, import.meta.url);
	const worker = new Worker(file, { env: {}, execArgv: [], stdout: true, stderr: true });
	const send = (message: ToWorker) => worker.postMessage(message);
	const boot = nextMessage(worker, { deadlineMs: BOOT_MS, signal: new AbortController().signal });
	// Whoever waits is told; until then nobody is kept waiting, nor the process alive.
	boot.catch(() => undefined);
	worker.unref();
	return {
		async booted() {
			worker.ref();
			await boot.finally(() => worker.unref());
		},
		startJob: (specJson, nowMs) => send({ type: "job", specJson, nowMs }),
		async render(file, source, options) {
			const answer = nextMessage(worker, options);
			send({ type: "template", file, source });
			const message = await answer;
			if (message.type === "outcome") return message.outcome;
			await worker.terminate();
			throw new ThreadEnded(message.type === "broken" ? message.why : "it answered out of turn", false);
		},
		async end() {
			await worker.terminate();
		},
	};
}

/** Exactly one message, within the deadline. When none comes the worker is ended. */
function nextMessage(worker: Worker, options: { deadlineMs: number; signal: AbortSignal }): Promise<FromWorker> {
	const { promise, resolve, reject } = Promise.withResolvers<FromWorker>();
	let waiting = true;
	const fail = (error: unknown) => {
		if (!waiting) return;
		void worker.terminate();
		reject(error);
	};
	const aborted = () => fail(options.signal.reason);
	const exited = () => fail(new ThreadEnded("its thread ended", false));
	const late = () => fail(new ThreadEnded(`it ran for more than ${options.deadlineMs / 1000} s`, true));
	// A process that was busy itself sees the timer before the message: messages that wait get their turn first.
	const timer = setTimeout(() => setImmediate(late), options.deadlineMs).unref();
	worker.on("message", resolve).on("error", fail).on("exit", exited).ref();
	options.signal.addEventListener("abort", aborted);
	if (options.signal.aborted) aborted();
	return promise.finally(() => {
		waiting = false;
		clearTimeout(timer);
		worker.off("message", resolve).off("error", fail).off("exit", exited).unref();
		options.signal.removeEventListener("abort", aborted);
	});
}

import type { Clock } from "../clock.ts";
import type { EventSink } from "../events.ts";
import type { Step } from "../plan/step.ts";
import type { Lease, RecordedEvent, StateStore } from "../state/state.ts";
import { problemsOf } from "./problems-of.ts";
import type { Task } from "./task.ts";

const SILENT_MS = 60_000;

/** What it takes to tell of a step, and to record that it was done. */
export interface Telling {
	readonly deployment: string;
	readonly store: Pick<StateStore, "appendEvent">;
	readonly lease: Lease;
	readonly task: Task;
	/** `user@host`. */
	readonly actor: string;
	readonly clock: Clock;
	readonly emit: EventSink;
	readonly signal: AbortSignal;
	/** How long a step may be silent before it is said to be waiting, in ms; a minute unless given. */
	readonly silentMs?: number | undefined;
}

/** What views and events say of a step. */
export interface ToldStep extends Pick<Step, "id" | "title" | "instance"> {
	readonly kind: string;
	/** What the event is about, where that is no instance; else the id. */
	readonly object?: string;
}

/**
 * Runs `work` as one step of the task: views hear of its begin and end, its event stays for good. `plan`, the digest of the plan that it is
 * part of, stands in the event.
 */
export async function tellStep<Context extends Telling>(
	step: ToldStep,
	context: Context,
	work: (context: Context) => Promise<void>,
	plan?: string,
): Promise<void> {
	const { clock, emit } = context;
	const begin = clock.monotonic();
	const about = { id: step.id, kind: step.kind, title: step.title };
	const of = plan === undefined ? {} : { plan };
	emit({ type: "step-started", ...about, ...(step.instance ? { instance: step.instance } : {}) });
	const silence = watchSilence(step, context);
	try {
		await work(silence.context);
		const durationMs = clock.monotonic() - begin;
		emit({ type: "step-finished", ...about, durationMs });
		await record(step, "done", { durationMs: Math.round(durationMs), ...of }, context);
	} catch (error) {
		// What fails in a run that has slept past its lease fails because of that.
		context.lease.check();
		if (!context.signal.aborted) {
			const durationMs = clock.monotonic() - begin;
			const problems = problemsOf(error, step.instance) ?? [];
			emit({ type: "step-failed", ...about, durationMs, problems });
			// Messages may quote what a hook has printed: the event keeps their names alone.
			const codes = problems.map(({ code }) => code);
			// That it can't be noted is not what has failed.
			await record(step, "failed", { durationMs: Math.round(durationMs), ...of, problems: codes }, context).catch(
				() => {},
			);
		}
		throw error;
	} finally {
		silence.dispose();
	}
}

/** Who did what, for good. */
function record(
	{ kind, instance, object, id }: ToldStep,
	outcome: RecordedEvent["outcome"],
	detail: RecordedEvent["detail"],
	{ store, clock, actor, deployment, task }: Telling,
): Promise<void> {
	return store.appendEvent({
		at: clock.now(),
		actor,
		deployment,
		action: kind,
		object: instance ?? object ?? id,
		outcome,
		detail: { ...detail, task: task.number },
	});
}

/** Says what is being waited for whenever a step has shown nothing for so long. */
function watchSilence<Context extends Telling>(
	step: ToldStep,
	context: Context,
): { readonly context: Context; dispose(): void } {
	const { silentMs = SILENT_MS } = context;
	const begin = context.clock.monotonic();
	let last = begin;
	const timer = setInterval(() => {
		const now = context.clock.monotonic();
		if (now - last < silentMs) return;
		last = now;
		context.emit({ type: "step-waiting", id: step.id, text: step.title, elapsedMs: now - begin });
	}, silentMs / 4);
	timer.unref();
	const emit: EventSink = (event) => {
		last = context.clock.monotonic();
		context.emit(event);
	};
	return { context: { ...context, emit }, dispose: () => clearInterval(timer) };
}

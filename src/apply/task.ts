import type { Clock } from "../clock.ts";
import { UserError } from "../errors.ts";
import type { Lease, RecordedEvent, StateStore } from "../state/state.ts";
import { problemsOf } from "./problems-of.ts";

/**
 * One run of a command that changes a deployment, as its events tell it. Its number is its lease's, so no other run of the store has it.
 * A run that finds nothing to do is none.
 */
export interface Task {
	readonly number: number;
	/** Records that the first step is about to begin; again without effect. */
	begin(): Promise<void>;
	/** It ends badly, though nothing is thrown: the codes say why. */
	fails(codes: readonly string[]): void;
	/** Records how it ended, if it had begun; undefined: well. Nothing, if by now the deployment may be somebody else's. */
	end(error: unknown): Promise<void>;
}

export interface TaskParts {
	/** As on the command line: `deploy`. */
	readonly command: string;
	readonly actor: string;
	readonly store: Pick<StateStore, "appendEvent">;
	readonly lease: Lease;
	readonly clock: Clock;
}

/** The task of a run that holds the lease. */
export function createTask({ command, actor, store, lease, clock }: TaskParts): Task {
	const { deployment, number } = lease.fence;
	let begunAt: number | undefined;
	let failed: readonly string[] = [];
	const record = (outcome: RecordedEvent["outcome"], detail: RecordedEvent["detail"]) =>
		store.appendEvent({
			at: clock.now(),
			...{ actor, deployment, action: command, object: deployment, outcome },
			detail: { task: number, ...detail },
		});
	return {
		number,
		begin: async () => {
			if (begunAt !== undefined) return;
			begunAt = clock.monotonic();
			await record("started", {});
		},
		fails: (codes) => {
			failed = codes;
		},
		end: async (error) => {
			if (begunAt === undefined || lease.signal.aborted) return;
			const durationMs = Math.round(clock.monotonic() - begunAt);
			if (error === undefined && failed.length === 0) await record("done", { durationMs });
			else if (error === undefined) await record("failed", { durationMs, problems: failed });
			// That it can't be noted is not what has failed.
			else await record("failed", { durationMs, problems: codesOf(error), ...exitOf(error) }).catch(() => {});
		},
	};
}

/** Messages may quote what a hook has printed: the event keeps their names alone. */
function codesOf(error: unknown): readonly string[] {
	return [...new Set((problemsOf(error, undefined) ?? []).map(({ code }) => code))];
}

function exitOf(error: unknown) {
	return error instanceof UserError ? { exitCode: error.exitCode } : {};
}

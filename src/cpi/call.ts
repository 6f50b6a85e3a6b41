import { setTimeout as sleep } from "node:timers/promises";
import type { CallOptions } from "./cpi.ts";
import { CpiError } from "./errors.ts";

/** One call of the port while it runs: when to stop, and what it is doing, for the message when time is up. */
export interface Call {
	readonly operation: string;
	readonly signal: AbortSignal;
	/** Throws if the call must not go on. */
	check(): void;
	/** Says what comes next; throws as `check` does. */
	doing(what: string): void;
}

/**
 * Runs one verb under its caller's signal and deadline. Every rejection is a CpiError (`asError` makes one of whatever
 * else is thrown) or the signal's reason; past the deadline it is a retryable `unavailable` that says what was waited for.
 */
export async function runCall<Result>(
	verb: { readonly iaas: string; readonly operation: string; readonly asError: (error: unknown) => CpiError },
	options: CallOptions,
	work: (call: Call) => Promise<Result>,
): Promise<Result> {
	const { iaas, operation } = verb;
	options.signal.throwIfAborted();
	const deadline = new AbortController();
	const timer = setTimeout(() => deadline.abort(), options.deadlineMs);
	const signal = AbortSignal.any([options.signal, deadline.signal]);
	let current = "it began";
	const check = () => signal.throwIfAborted();
	const doing = (what: string) => {
		check();
		current = what;
	};
	try {
		return await work({ operation, signal, check, doing });
	} catch (error) {
		options.signal.throwIfAborted();
		if (!deadline.signal.aborted) throw error instanceof CpiError ? error : verb.asError(error);
		const message = `${operation} took longer than ${options.deadlineMs / 1000} s; time was up while ${current}`;
		throw new CpiError(message, { kind: "unavailable", iaas, operation, cause: error });
	} finally {
		clearTimeout(timer);
	}
}

/** Polls until `true`, for at most `limitMs` or until the call's own deadline. False when the time is up. */
export async function until(
	call: Call,
	condition: () => boolean | Promise<boolean>,
	{ limitMs = Number.POSITIVE_INFINITY, longestPauseMs = 1_000 } = {},
): Promise<boolean> {
	const began = performance.now();
	for (let pause = 20; !(await condition()); pause = Math.min(pause * 1.5, longestPauseMs)) {
		call.check();
		if (performance.now() - began > limitMs) return false;
		await sleep(pause, undefined, { signal: call.signal });
	}
	call.check();
	return true;
}

/** Lets one at a time do something with a thing of this name, in the order in which they came. */
export function oneAtATime(): <Result>(name: string, work: () => Promise<Result>) => Promise<Result> {
	const last = new Map<string, Promise<unknown>>();
	return (name, work) => {
		const mine = (last.get(name) ?? Promise.resolve()).then(work, work);
		const settled = mine.catch(() => {});
		last.set(name, settled);
		void settled.then(() => {
			if (last.get(name) === settled) last.delete(name);
		});
		return mine;
	};
}

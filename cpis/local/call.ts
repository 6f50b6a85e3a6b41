import type { CallOptions } from "../../src/cpi/cpi.ts";
import { asLocalError, localError } from "./errors.ts";

/** One call of the port while it runs: when to stop, and what it is doing, for the message when time is up. */
export interface Call {
	readonly operation: string;
	readonly signal: AbortSignal;
	/** Throws if the call must not go on. */
	check(): void;
	/** Says what comes next; throws as `check` does. */
	doing(what: string): void;
}

/** The same call, which ends with `error` as soon as `mayGoOn` says no. It is asked before each effect: events come too late for a process that slept. */
export function withCheck(call: Call, mayGoOn: () => boolean, error: Error): Call {
	const ended = new AbortController();
	const check = () => {
		call.check();
		if (!mayGoOn()) ended.abort(error);
		ended.signal.throwIfAborted();
	};
	const doing = (what: string) => {
		check();
		call.doing(what);
	};
	return { operation: call.operation, signal: AbortSignal.any([call.signal, ended.signal]), check, doing };
}

/** Runs one verb under its caller's signal and deadline; every rejection is a CpiError or the signal's reason. */
export async function call<Result>(
	operation: string,
	options: CallOptions,
	work: (call: Call) => Promise<Result>,
): Promise<Result> {
	options.signal.throwIfAborted();
	const deadline = new AbortController();
	const timer = setTimeout(() => deadline.abort(), options.deadlineMs);
	let current = "it began";
	const signal = AbortSignal.any([options.signal, deadline.signal]);
	try {
		const check = () => signal.throwIfAborted();
		const doing = (what: string) => {
			check();
			current = what;
		};
		return await work({ operation, signal, check, doing });
	} catch (error) {
		options.signal.throwIfAborted();
		if (deadline.signal.aborted)
			throw localError(
				"unavailable",
				operation,
				`${operation} took longer than ${options.deadlineMs / 1000} s; time was up while ${current}`,
				{ cause: error },
			);
		throw asLocalError(error, operation);
	} finally {
		clearTimeout(timer);
	}
}

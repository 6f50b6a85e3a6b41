import type { CallOptions } from "../../src/cpi/cpi.ts";
import { asLocalError, localError } from "./errors.ts";

/** One call of the port while it runs: when to stop, and what it is doing, for the message when time is up. */
export interface Call {
	readonly operation: string;
	readonly signal: AbortSignal;
	doing(what: string): void;
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
		const doing = (what: string) => {
			current = what;
		};
		return await work({ operation, signal, doing });
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

import { type Call, runCall } from "../../src/cpi/call.ts";
import type { CallOptions } from "../../src/cpi/cpi.ts";
import { asLocalError } from "./errors.ts";

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
export function call<Result>(
	operation: string,
	options: CallOptions,
	work: (call: Call) => Promise<Result>,
): Promise<Result> {
	return runCall({ iaas: "local", operation, asError: (error) => asLocalError(error, operation) }, options, work);
}

import type { Clock } from "../clock.ts";
import type { Cpi } from "./cpi.ts";
import { CpiError, type CpiErrorKind } from "./errors.ts";
import { aroundVerbs, type Verb } from "./verbs.ts";

/** One call to a cloud that has ended. It names what was called, never the arguments: those may hold secrets. */
export interface CpiCall {
	readonly iaas: string;
	readonly verb: Verb;
	readonly durationMs: number;
	readonly failure?: {
		readonly kind: CpiErrorKind | "aborted" | "bug";
		readonly message: string;
		readonly requestId?: string;
	};
}

function failureOf(error: unknown, aborted: boolean): NonNullable<CpiCall["failure"]> {
	const message = error instanceof Error ? error.message : String(error);
	if (error instanceof CpiError)
		return { kind: error.kind, message, ...(error.requestId === undefined ? {} : { requestId: error.requestId }) };
	return { kind: aborted ? "aborted" : "bug", message };
}

/** Tells `onCall` of every call that ended. */
export function withLog(cpi: Cpi, clock: Pick<Clock, "monotonic">, onCall: (call: CpiCall) => void): Cpi {
	const iaas = cpi.info().name;
	return aroundVerbs(cpi, async (verb, options, next) => {
		const began = clock.monotonic();
		const entry = () => ({ iaas, verb, durationMs: clock.monotonic() - began });
		try {
			const result = await next(options);
			onCall(entry());
			return result;
		} catch (error) {
			onCall({ ...entry(), failure: failureOf(error, options.signal.aborted) });
			throw error;
		}
	});
}

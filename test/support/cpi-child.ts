/** A CPI in a process of its own: one line of JSON for each call and each answer. Arguments: the CPI's type and its settings as JSON. */
import { createInterface } from "node:readline";
import type { CallOptions } from "../../src/cpi/cpi.ts";
import { CpiError } from "../../src/cpi/errors.ts";
import { loadCpi } from "../../src/cpi/registry.ts";
import type { Verb } from "../../src/cpi/verbs.ts";
import type { Answer, Request } from "./cpi-process.ts";

function failure(error: unknown): NonNullable<Answer["failure"]> {
	if (error instanceof CpiError) {
		const { message, kind, retryable, iaas, operation, hint } = error;
		return { message, fields: { kind, retryable, iaas, operation, ...(hint === undefined ? {} : { hint }) } };
	}
	return { message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

const [type = "", settings = ""] = process.argv.slice(2);
const cpi = await (await loadCpi(type))(JSON.parse(settings));
const say = (answer: Answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);
const { gateway: _, ...info } = cpi.info();
const running = new Map<number, AbortController>();

async function serve({ id, verb, args, options, aborted }: Extract<Request, { verb: Verb }>): Promise<void> {
	const abort = new AbortController();
	running.set(id, abort);
	if (aborted) abort.abort(new Error("aborted"));
	try {
		const call = cpi[verb] as unknown as (...all: unknown[]) => Promise<unknown>;
		const all: CallOptions = { ...options, signal: abort.signal };
		say({ id, result: await call(...args, all) });
	} catch (error) {
		say({ id, aborted: abort.signal.aborted && error === abort.signal.reason, failure: failure(error) });
	} finally {
		running.delete(id);
	}
}

say({ id: 0, result: info });
createInterface({ input: process.stdin })
	.on("line", (line) => {
		const request = JSON.parse(line) as Request;
		if ("verb" in request) void serve(request);
		else running.get(request.id)?.abort(new Error("aborted"));
	})
	.on("close", () => process.exit());

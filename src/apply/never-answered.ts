import { UserError } from "../errors.ts";
import { SshError } from "../ssh/errors.ts";
import type { VmRecord } from "../state/state.ts";
import { type ApplyContext, callOptions } from "./context.ts";
import { problemsOf } from "./problems-of.ts";
import { lastLines } from "./run-script.ts";

/** Lines of its console that are shown for a VM that can't be entered. */
const LINES = 20;

/** The failure of a first contact with the end of what the VM wrote on its console, where its cloud keeps that. */
export async function withConsole(error: unknown, vm: VmRecord, context: ApplyContext): Promise<unknown> {
	if (!(error instanceof SshError)) return error;
	// What the console can't tell must not hide why the VM can't be entered.
	const text = await context
		.cpi(vm.cpi)
		.consoleLog?.(vm.cid, callOptions(context))
		.catch(() => "");
	if (!text?.trim()) return error;
	const told = problemsOf(error, undefined) ?? [];
	const end = `the end of its console:\n${lastLines(text.trimEnd(), LINES)}`;
	return new UserError(
		told.map((problem) => ({ ...problem, message: `${problem.message}\n${end}` })),
		{ cause: error },
	);
}

import { UserError } from "../errors.ts";
import { SshError } from "../ssh/errors.ts";
import type { SshStage } from "../ssh/ssh.ts";
import type { VmRecord } from "../state/state.ts";
import { AgentError, type AgentStage } from "../stemcell/agent/errors.ts";
import { type ApplyContext, callOptions } from "./context.ts";
import { problemsOf } from "./problems-of.ts";
import { lastLines } from "./run-script.ts";

/** Lines of its console that are shown for a VM that can't be entered. */
const LINES = 20;

/** There the VM itself has said what is wrong. */
const ENTERED: readonly (SshStage | AgentStage)[] = ["sudo", "shell", "exception"];

/** A VM that shows a key of its own although davit gave it one, and has never shown that one. */
const OWN_KEY =
	"the image did not take the host key that davit gave it through cloud-init, or another machine has this address; nothing was sent. Take an image with cloud-init: davit build-stemcell makes one";

/** The failure of a first contact with the end of what the VM wrote on its console, where its cloud keeps that. */
export async function withConsole(error: unknown, vm: VmRecord, context: ApplyContext): Promise<unknown> {
	if (!(error instanceof SshError || error instanceof AgentError) || ENTERED.includes(error.stage)) return error;
	// What the console can't tell must not hide why the VM can't be entered.
	const text = await context
		.cpi(vm.cpi)
		.consoleLog?.(vm.cid, callOptions(context))
		.catch(() => "");
	const end = text?.trim() ? `\nthe end of its console:\n${lastLines(text.trimEnd(), LINES)}` : "";
	const isOwnKey = error.stage === "host-key" && !vm.bootstrapped && vm.user === undefined && vm.hostKeys.length === 1;
	if (end === "" && !isOwnKey) return error;
	const told = problemsOf(error, undefined) ?? [];
	return new UserError(
		told.map((problem) => ({
			...problem,
			message: `${problem.message}${end}`,
			...(isOwnKey ? { hint: OWN_KEY } : {}),
		})),
		{ cause: error },
	);
}

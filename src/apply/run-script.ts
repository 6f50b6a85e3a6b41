import type { Readable } from "node:stream";
import { problem, UserError } from "../errors.ts";
import { fenced, isFenced } from "../machine/fence.ts";
import type { Step } from "../plan/step.ts";
import { SshError } from "../ssh/errors.ts";
import type { RunResult } from "../ssh/ssh.ts";
import { type ApplyContext, callOptions } from "./context.ts";

export interface ScriptOptions {
	/** Made anew for each try: a stream can be read once. */
	readonly stdin?: () => Promise<Readable | string | Uint8Array>;
	readonly onLine?: (stream: "stdout" | "stderr", line: string) => void;
	/** The caller judges exit codes itself: they are a job's own program's. */
	readonly anyExitCode?: boolean;
	readonly idleMs?: number;
	/** How much of each stream is kept, its end; 1 MiB unless given. */
	readonly maxBytes?: number;
}

/** How often a script is sent again after a lost connection: every script is safe to run twice. */
const TRIES = 3;

/**
 * Runs a script on an instance, under the fence: a VM that has met a newer run refuses it. An exit code other than 0 is a
 * failure named `code`, with the end of what the script said. A lost connection is dialled again.
 */
export async function runScript(
	context: ApplyContext,
	{ instance = "" }: Pick<Step, "instance">,
	script: string,
	code: string,
	options: ScriptOptions = {},
): Promise<RunResult> {
	const { signal } = callOptions(context);
	for (let attempt = 1; ; attempt += 1) {
		context.lease.check();
		try {
			const connection = await context.connect(instance, { signal });
			const result = await connection.run(fenced(script, context.lease.fence.number), {
				signal,
				...(options.stdin ? { stdin: await options.stdin() } : {}),
				...(options.onLine ? { onLine: options.onLine } : {}),
				...(options.idleMs ? { idleMs: options.idleMs } : {}),
				...(options.maxBytes ? { maxBytes: options.maxBytes } : {}),
			});
			judge(result, instance, code, options);
			return result;
		} catch (error) {
			if (!(error instanceof SshError) || !error.retryable || attempt >= TRIES || signal.aborted) throw error;
			context.disconnect(instance);
			await context.clock.sleep(500 * 2 ** attempt, signal);
		}
	}
}

function judge(result: RunResult, instance: string, code: string, options: ScriptOptions): void {
	if (isFenced(result)) {
		throw new UserError(
			problem("held", `${instance} belongs to a newer davit run; this one stops here`, {
				hint: "look at the other run; start this command again when it has ended",
			}),
			{ exitCode: 3 },
		);
	}
	if (result.code === 0 || (result.code !== undefined && options.anyExitCode)) return;
	throw new UserError(
		problem(
			code,
			`${instance}: ${lastLines(result.stderr || result.stdout, 20) || `exit code ${result.code ?? result.signal}`}`,
		),
	);
}

/** The last `count` lines of a text, blank ones at its end left out. */
export function lastLines(text: string, count: number): string {
	return text.trimEnd().split("\n").slice(-count).join("\n");
}

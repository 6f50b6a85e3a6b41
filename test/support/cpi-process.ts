import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { CallOptions, Cpi, CpiInfo, CpiSettings } from "../../src/cpi/cpi.ts";
import { CpiError } from "../../src/cpi/errors.ts";
import { type Verb, verbs } from "../../src/cpi/verbs.ts";
import type { User } from "./ordinary-user.ts";

/** What goes to the child: a call, or the abort of one. */
export type Request =
	| {
			readonly id: number;
			readonly verb: Verb;
			readonly args: readonly unknown[];
			readonly options: Omit<CallOptions, "signal">;
			/** Its signal was aborted before. */
			readonly aborted: boolean;
	  }
	| { readonly id: number; readonly abort: true };

/** What comes back. `aborted`: it failed with its signal's reason. Id 0 is the CPI's `info`, said first. */
export interface Answer {
	readonly id: number;
	readonly result?: unknown;
	readonly aborted?: boolean;
	readonly failure?: {
		readonly message: string;
		/** Absent if it was no CpiError. */
		readonly fields?: Omit<ConstructorParameters<typeof CpiError>[1], "cause">;
	};
}

/** A CPI that runs in another process, as another user if need be. */
export interface CpiProcess {
	readonly cpi: Cpi;
	readonly pid: number;
	/** Ends it as it stands, calls in hand or not. */
	kill(): Promise<void>;
}

/** Starts one. `env` is the child's whole environment beside PATH. */
export async function startCpi(
	user: User,
	type: string,
	settings: CpiSettings,
	env: NodeJS.ProcessEnv = {},
): Promise<CpiProcess> {
	const child = [process.execPath, join(import.meta.dirname, "cpi-child.ts"), type, JSON.stringify(settings)];
	const [command = "", ...args] = [...user.argv, ...child];
	const started = spawn(command, args, {
		cwd: "/",
		env: { PATH: process.env.PATH, LANG: "C.UTF-8", ...env },
		stdio: ["pipe", "pipe", "inherit"],
	});
	started.stdin.on("error", () => {});
	const closed = once(started, "close");
	const waiting = new Map<number, (answer: Answer) => void>();
	const answers = createInterface({ input: started.stdout });
	answers.on("line", (line) => {
		const answer = JSON.parse(line) as Answer;
		waiting.get(answer.id)?.(answer);
		waiting.delete(answer.id);
	});
	void closed.then(() => {
		for (const [id, tell] of waiting) tell({ id, failure: { message: "the CPI's process has ended" } });
	});
	const answerTo = (id: number) => new Promise<Answer>((resolve) => waiting.set(id, resolve));
	const send = (request: Request) => started.stdin.write(`${JSON.stringify(request)}\n`);
	const hello = await answerTo(0);
	if (hello.failure) throw new Error(hello.failure.message);
	let last = 0;

	const call = async (verb: Verb, args: readonly unknown[], { signal, ...options }: CallOptions) => {
		const id = ++last;
		const answered = answerTo(id);
		const abort = () => send({ id, abort: true });
		send({ id, verb, args, options, aborted: signal.aborted });
		signal.addEventListener("abort", abort, { once: true });
		const { result, failure, aborted } = await answered;
		signal.removeEventListener("abort", abort);
		if (aborted) throw signal.reason;
		if (!failure) return result;
		throw failure.fields ? new CpiError(failure.message, failure.fields) : new Error(failure.message);
	};
	return {
		cpi: remote(hello.result as CpiInfo, call),
		pid: started.pid ?? 0,
		kill: async () => {
			started.kill("SIGKILL");
			await closed;
		},
	};
}

type Call = (verb: Verb, args: readonly unknown[], options: CallOptions) => Promise<unknown>;

/** The port, whose verbs are calls to the child. */
function remote(info: CpiInfo, call: Call): Cpi {
	const calls = verbs.map((verb) => [
		verb,
		(...args: unknown[]) => call(verb, args.slice(0, -1), args.at(-1) as CallOptions),
	]);
	return { ...(Object.fromEntries(calls) as Cpi), info: () => info, close: async () => {} };
}

import { type ChildProcess, spawn } from "node:child_process";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Call } from "../../src/cpi/call.ts";
import { libvirtError, virshError } from "./errors.ts";

/** One libvirt daemon and how it is reached. */
export interface Connection {
	/** For messages. */
	readonly host: string;
	readonly uri: string;
	readonly env: Readonly<Record<string, string>>;
}

/** What one command of virsh printed, or what it was refused with. */
export interface Answer {
	readonly out: string;
	readonly error?: string;
}

export type Command = readonly string[];

/** Stands between the answers: a line that nothing of ours is, since JSON text and names of libvirt's hold no line breaks. */
const MARK = "\n@@davit@@\n";

/** One Linux argument holds 128 KiB at most (MAX_ARG_STRLEN in the kernel's binfmts.h). */
const LONGEST_BATCH = 100_000;

/** A word in virsh's own syntax: nothing is special between single quotes (virsh(1), vsh.c). */
function quote(word: string): string {
	return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Several commands as one argument of virsh; a mark follows each one in both of its streams. */
export function batch(commands: readonly Command[]): string {
	return commands
		.map((command) => `${command.map(quote).join(" ")}; echo ${quote(MARK)}; echo --err ${quote(MARK)}`)
		.join("; ");
}

/** The answers to a batch in its order; fewer if virsh ended before. */
export function answers(stdout: string, stderr: string): readonly Answer[] {
	const outs = stdout.split(MARK).slice(0, -1);
	const errors = stderr.split(`error: ${MARK}`).slice(0, -1);
	return errors.map((said, index) => ({
		out: (outs[index] ?? "").trim(),
		...(/^error: /m.test(said) ? { error: said.trim() } : {}),
	}));
}

function chunks(commands: readonly Command[]): readonly (readonly Command[])[] {
	const found: Command[][] = [[]];
	let length = 0;
	for (const command of commands) {
		length += batch([command]).length + 2;
		if (length > LONGEST_BATCH) {
			found.push([]);
			length = batch([command]).length;
		}
		found.at(-1)?.push(command);
	}
	return found.filter((chunk) => chunk.length > 0);
}

/** Ends virsh with all that it started (ssh, cat). */
function endGroup({ pid }: ChildProcess): void {
	try {
		if (pid !== undefined) process.kill(-pid, "SIGKILL");
	} catch {
		// It has ended by itself.
	}
}

async function runOnce(call: Call, connection: Connection, commands: readonly Command[], input: Readable | undefined) {
	call.check();
	const argv = ["--quiet", "--connect", connection.uri, batch(commands)];
	// A child's standard input is a socket, which can't be opened as /dev/stdin: a pipe of the shell's can.
	const [command, args] = input ? ["sh", ["-c", 'cat | virsh "$@"', "sh", ...argv]] : ["virsh", argv];
	const child = spawn(command, args as string[], {
		env: connection.env,
		stdio: [input ? "pipe" : "ignore", "pipe", "pipe"],
		detached: true,
	});
	const stop = () => endGroup(child);
	call.signal.addEventListener("abort", stop, { once: true });
	try {
		const text = { stdout: "", stderr: "" };
		for (const name of ["stdout", "stderr"] as const)
			child[name]?.setEncoding("utf8").on("data", (data: string) => {
				text[name] += data;
			});
		const closed = new Promise<void>((resolve, reject) => {
			child.on("error", reject);
			child.on("close", () => resolve());
		});
		// What virsh has to say about a stream that broke counts more than that it broke.
		const sent = input && child.stdin ? pipeline(input, child.stdin).catch((error: unknown) => error) : undefined;
		await closed;
		call.check();
		const failed = await sent;
		const found = answers(text.stdout, text.stderr);
		if (failed instanceof Error && (failed as NodeJS.ErrnoException).code !== "EPIPE") throw failed;
		if (/virsh: (not found|command not found)/.test(text.stderr)) throw noVirsh(call);
		if (found.length < commands.length) throw virshError(call.operation, connection.host, text.stderr);
		return found;
	} catch (error) {
		if ((error as NodeJS.ErrnoException)?.code === "ENOENT") throw noVirsh(call);
		throw error;
	} finally {
		call.signal.removeEventListener("abort", stop);
	}
}

function noVirsh({ operation }: Call) {
	return libvirtError("unsupported", operation, "the command virsh is not on the PATH of this machine", {
		hint: "install it (Debian, Ubuntu: libvirt-clients; Fedora, RHEL: libvirt-client; macOS: brew install libvirt)",
	});
}

/**
 * Runs commands over one connection. One that fails doesn't keep the next ones from running: give those that depend on it
 * in a call of their own. `input` is what the commands find at /dev/stdin. Rejects if the host can't be reached.
 */
export async function virsh(
	call: Call,
	connection: Connection,
	commands: readonly Command[],
	input?: Readable | Uint8Array,
): Promise<readonly Answer[]> {
	const stream = input instanceof Uint8Array ? Readable.from([input]) : input;
	const found: Answer[] = [];
	for (const chunk of chunks(commands)) found.push(...(await runOnce(call, connection, chunk, stream)));
	return found;
}

/** Throws for the first answer that failed, unless its text is tolerated. */
export function must(
	call: Call,
	{ host }: Connection,
	given: readonly (Answer | undefined)[],
	tolerated?: RegExp,
): void {
	for (const answer of given)
		if (answer?.error !== undefined && !tolerated?.test(answer.error))
			throw virshError(call.operation, host, answer.error);
}

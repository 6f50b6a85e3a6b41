import { spawn } from "node:child_process";
import process from "node:process";
import { problem, UserError } from "../../errors.ts";
import { failureOf } from "./failure.ts";

/** How programs of this machine are run. */
export interface Runner {
	readonly cwd: string;
	readonly signal: AbortSignal;
	/** More of the environment. */
	readonly env?: Readonly<Record<string, string>>;
	/** Gets each line that it writes on either stream. */
	readonly onLine?: (line: string) => void;
	/** In ms; a program that takes longer is ended, and that is an error. */
	readonly deadlineMs: number;
}

const PASSED_ON = [
	"HOME",
	"http_proxy",
	"https_proxy",
	"ftp_proxy",
	"no_proxy",
	"HTTP_PROXY",
	"HTTPS_PROXY",
	"NO_PROXY",
];

/** Programs for administrators are often not on an ordinary user's PATH. */
export const SEARCHED = [
	...(process.env.PATH ?? "").split(":"),
	"/usr/local/sbin",
	"/usr/sbin",
	"/sbin",
	"/usr/bin",
	"/bin",
];

function environment(more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
	const kept = PASSED_ON.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]));
	return { ...Object.fromEntries(kept), PATH: SEARCHED.join(":"), LANG: "C.UTF-8", LC_ALL: "C.UTF-8", ...more };
}

const KEPT_LINES = 60;

/**
 * Runs a program that has to succeed and returns its standard output. Told to stop, it gets SIGTERM and the time to clean up after itself.
 * @throws UserError with its last lines if it fails
 */
export async function run([program = "", ...args]: readonly string[], runner: Runner): Promise<string> {
	runner.signal.throwIfAborted();
	// The child ends with davit, however that ends.
	const child = spawn("setpriv", ["--pdeathsig", "TERM", "--", program, ...args], {
		cwd: runner.cwd,
		env: environment(runner.env ?? {}),
		stdio: ["ignore", "pipe", "pipe"],
	});
	const late = AbortSignal.timeout(runner.deadlineMs);
	const stop = AbortSignal.any([runner.signal, late]);
	const end = () => child.kill("SIGTERM");
	stop.addEventListener("abort", end);
	let output = "";
	const said: string[] = [];
	child.stdout.setEncoding("utf8").on("data", (text: string) => {
		output += text;
	});
	lines(child.stderr, (line) => {
		said.push(line);
		if (said.length > KEPT_LINES) said.shift();
		runner.onLine?.(line);
	});
	try {
		const code = await new Promise<number | null>((resolve, reject) => {
			child.on("error", reject);
			child.on("close", resolve);
		});
		runner.signal.throwIfAborted();
		if (late.aborted) throw new UserError(tooLong(program, runner.deadlineMs));
		if (code !== 0) throw new UserError(failureOf(program, code, said));
		return output;
	} finally {
		stop.removeEventListener("abort", end);
	}
}

function lines(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
	let rest = "";
	stream.setEncoding("utf8");
	stream.on("data", (text: string) => {
		const parts = `${rest}${text}`.split(/[\r\n]+/);
		rest = parts.pop() ?? "";
		for (const part of parts) if (part.trim() !== "") onLine(part);
	});
	stream.on("end", () => {
		if (rest.trim() !== "") onLine(rest);
	});
}

function tooLong(program: string, deadlineMs: number) {
	return problem("build-too-slow", `${program} did not end within ${Math.round(deadlineMs / 60_000)} minutes`, {
		hint: "look for what holds it up (the mirror, the disk), then run the command again",
	});
}

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import process from "node:process";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** Runs a command to its end; rejects with its standard error unless that is good. */
export async function command(argv: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
	const [file = "", ...args] = argv;
	const { stdout } = await execute(file, args, { cwd, env: { ...process.env, ...env }, maxBuffer: 1 << 26 });
	return stdout;
}

/** The most memory, in MB, that a command's process had resident (Linux), as seen every 5 ms; rejects unless it ends well. */
export async function peakMemory(argv: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): Promise<number> {
	const [file = "", ...args] = argv;
	const child = spawn(file, args, { cwd, env: { ...process.env, ...env }, stdio: "ignore" });
	let peak = 0;
	const look = setInterval(() => {
		peak = Math.max(peak, residentPeak(child.pid));
	}, 5);
	const [code] = await once(child, "exit").finally(() => clearInterval(look));
	if (code !== 0) throw new Error(`${argv.join(" ")} ended with ${code}`);
	return peak;
}

function residentPeak(pid: number | undefined): number {
	try {
		return (Number(/^VmHWM:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024) / 1e6;
	} catch {
		return 0; // It has ended.
	}
}

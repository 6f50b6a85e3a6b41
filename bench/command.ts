import { execFile } from "node:child_process";
import process from "node:process";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** Runs a command to its end; rejects with its standard error unless that is good. */
export async function command(argv: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
	const [file = "", ...args] = argv;
	const { stdout } = await execute(file, args, { cwd, env: { ...process.env, ...env }, maxBuffer: 1 << 26 });
	return stdout;
}

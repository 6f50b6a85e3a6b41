import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** The path of a command of this machine, if it is on the PATH. */
export function onPath(name: string): string | undefined {
	return (process.env.PATH ?? "")
		.split(delimiter)
		.map((folder) => join(folder, name))
		.find(isExecutable);
}

function isExecutable(path: string): boolean {
	try {
		accessSync(path, constants.X_OK);
		return true;
	} catch {
		return false;
	}
}

/** Runs a command to its end; rejects with its standard error unless that is good. */
export async function command(argv: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
	const [file = "", ...args] = argv;
	const { stdout } = await execute(file, args, { cwd, env: { ...process.env, ...env }, maxBuffer: 1 << 26 });
	return stdout;
}

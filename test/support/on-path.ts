import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";

/** The path of a program of this machine, if it is on the PATH. */
export function findOnPath(program: string): string | undefined {
	return (process.env.PATH ?? "")
		.split(delimiter)
		.map((folder) => join(folder, program))
		.find(isExecutable);
}

/** True if all of these programs are on this machine, and so in embedded VMs: on the PATH, or where an absolute path says. */
export function onPath(...programs: readonly string[]): boolean {
	return programs.every((program) =>
		program.startsWith("/") ? existsSync(program) : findOnPath(program) !== undefined,
	);
}

function isExecutable(path: string): boolean {
	try {
		accessSync(path, constants.X_OK);
		return true;
	} catch {
		return false;
	}
}

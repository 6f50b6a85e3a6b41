import { accessSync, constants, existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

/** True if all of these programs are on this machine, and so in embedded VMs: on the PATH, or where an absolute path says. */
export function onPath(...programs: readonly string[]): boolean {
	const folders = (process.env.PATH ?? "").split(":");
	return programs.every((program) =>
		program.startsWith("/") ? existsSync(program) : folders.some((folder) => isExecutable(join(folder, program))),
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

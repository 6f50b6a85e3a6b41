import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Call } from "../../src/cpi/call.ts";
import type { Ids } from "./config.ts";
import { localError } from "./errors.ts";
import { dropFolder } from "./folders.ts";
import type { Machine } from "./machine.ts";
import { runWithIds } from "./run-with-ids.ts";

/**
 * Removes a thing's folder, whoever owns the files in it. `last` is its record: while anything else is left, the
 * thing is still listed.
 */
export async function removeFolder(
	call: Call,
	machine: Machine,
	ids: Ids,
	folder: string,
	last: string,
): Promise<void> {
	let names: string[];
	try {
		names = readdirSync(folder).filter((name) => name !== last);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
		throw error;
	}
	if (names.length > 0) {
		const { code, output } = await runWithIds(call, machine, ids, [
			"rm",
			"-rf",
			"--",
			...names.map((name) => join(folder, name)),
		]);
		if (code !== 0) throw localError("unavailable", call.operation, `${folder} can't be removed: ${output}`);
	}
	dropFolder(folder);
}

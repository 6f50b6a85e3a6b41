import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Call } from "../../src/cpi/call.ts";
import { type Host, on } from "./host.ts";
import { vmVolumes } from "./names.ts";
import { withFolder } from "./temporary.ts";
import { must } from "./virsh.ts";

const MOST = 64 * 1024;

const ESCAPE = "\u001b";
/** Colours, movements of the cursor, carriage returns (ECMA-48, control sequences). */
const TERMINAL_ONLY = new RegExp(
	`${ESCAPE}\\[[0-?]*[ -/]*[@-~]|${ESCAPE}[()][A-Z0-9]|${ESCAPE}[@-Z\\\\^_c]|\\r|\\0`,
	"g",
);

/** The end of what a VM wrote on its serial console, without what only a terminal understands; empty if nothing was kept. */
export async function readConsole(call: Call, host: Host, name: string): Promise<string> {
	return withFolder(async (folder) => {
		const file = join(folder, "console");
		const command = ["vol-download", "--pool", host.config.pool, "--vol", vmVolumes(name).console, "--file", file];
		const found = await on(call, host, [command]);
		must(call, host.connection, found, /failed to get vol/);
		const bytes = await readFile(file).catch(() => Buffer.alloc(0));
		return bytes.subarray(-MOST).toString("utf8").replace(TERMINAL_ONLY, "");
	});
}

import { closeSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Call } from "./call.ts";
import type { Ids } from "./config.ts";
import { shortDigest } from "./folders.ts";
import { chooseIds, idFacts } from "./ids.ts";
import type { Machine } from "./machine.ts";
import { startAsRoot } from "./namespaces.ts";
import { type Finished, run } from "./run.ts";

/** Runs a program that may touch the files of VMs: with a range of ids, as root of a namespace that has that range. */
export async function runWithIds(call: Call, machine: Machine, ids: Ids, argv: readonly string[]): Promise<Finished> {
	if (ids !== "range") return run(call, argv);
	const output = join(machine.folder, `output-${process.pid}-${shortDigest(argv.join("\0"))}`);
	const log = openSync(output, "w", 0o600);
	try {
		const maps = chooseIds(idFacts(), ids);
		const { child, leave } = await startAsRoot(call, { unshare: machine.unshare, flags: [], maps, argv, log });
		const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
		leave();
		return { code, output: readFileSync(output, "utf8").trim() };
	} finally {
		closeSync(log);
		rmSync(output, { force: true });
	}
}

import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Call } from "../../src/cpi/call.ts";
import type { Ids } from "./config.ts";
import { chooseIds, type IdMaps, idFacts } from "./ids.ts";
import type { Machine } from "./machine.ts";
import { startAsRoot } from "./namespaces.ts";
import { type Finished, run } from "./run.ts";

/** Runs a program to its end as root of new namespaces: a user namespace, and those that `flags` of unshare(1) name. */
export async function runInNamespaces(
	call: Call,
	machine: Machine,
	{ maps, flags, argv }: { maps: IdMaps; flags: readonly string[]; argv: readonly string[] },
): Promise<Finished> {
	mkdirSync(machine.folder, { recursive: true, mode: 0o700 });
	// Calls run at the same time, with equal arguments too: each has a file of its own.
	const folder = mkdtempSync(join(machine.folder, "output-"));
	const output = join(folder, "output");
	const log = openSync(output, "w", 0o600);
	try {
		const { child, leave } = await startAsRoot(call, { unshare: machine.unshare, flags, maps, argv, log });
		const kill = () => child.kill("SIGKILL");
		call.signal.addEventListener("abort", kill, { once: true });
		const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
		call.signal.removeEventListener("abort", kill);
		leave();
		call.signal.throwIfAborted();
		return { code, output: readFileSync(output, "utf8").trim() };
	} catch (error) {
		const said = readFileSync(output, "utf8").trim();
		if (said !== "" && error instanceof Error) error.message += `: ${said}`;
		throw error;
	} finally {
		closeSync(log);
		rmSync(folder, { recursive: true, force: true });
	}
}

/** Runs a program that may touch the files of VMs: with a range of ids, as root of a namespace that has that range. */
export async function runWithIds(call: Call, machine: Machine, ids: Ids, argv: readonly string[]): Promise<Finished> {
	if (ids !== "range") return run(call, argv);
	return runInNamespaces(call, machine, { maps: chooseIds(idFacts(), ids), flags: [], argv });
}

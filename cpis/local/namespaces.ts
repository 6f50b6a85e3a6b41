import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Call } from "../../src/cpi/call.ts";
import { localError } from "./errors.ts";
import type { IdMaps } from "./ids.ts";
import { CLEAN_ENV, must } from "./run.ts";

export interface Started {
	readonly child: ChildProcess;
	/** The next line of its standard output; undefined when that has ended. */
	readonly nextLine: () => Promise<string | undefined>;
	/** Leaves it running after davit: nothing ties it to this process any more. */
	readonly leave: () => void;
}

/** Starts a program that outlives davit. Its errors go to the open file `log`. */
export function startDetached(argv: readonly string[], log: number, env: NodeJS.ProcessEnv = {}): Started {
	const [command = "", ...args] = argv;
	const child = spawn(command, args, {
		cwd: "/",
		detached: true,
		env: { ...CLEAN_ENV, ...env },
		stdio: ["pipe", "pipe", log],
	});
	const failed = new Promise<never>((_, reject) => child.once("error", reject));
	failed.catch(() => {});
	const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
	return {
		child,
		nextLine: async () => (await Promise.race([lines.next(), failed])).value as string | undefined,
		leave: () => {
			child.stdin?.destroy();
			child.stdout?.destroy();
			child.unref();
		},
	};
}

async function writeMaps(call: Call, pid: number, maps: IdMaps): Promise<void> {
	if (maps.ids === "range") {
		await must(call, ["newuidmap", `${pid}`, ...maps.uid.flat().map(String)]);
		await must(call, ["newgidmap", `${pid}`, ...maps.gid.flat().map(String)]);
		return;
	}
	// Without privileges a group map is only allowed to processes that gave up changing their groups.
	if (maps.ids === "one") writeFileSync(`/proc/${pid}/setgroups`, "deny");
	const text = (lines: IdMaps["uid"]) => lines.map((line) => `${line.join(" ")}\n`).join("");
	writeFileSync(`/proc/${pid}/uid_map`, text(maps.uid));
	writeFileSync(`/proc/${pid}/gid_map`, text(maps.gid));
}

/** A signal to davit's process group (Ctrl-C) may hit a child before it has a session of its own, and before davit hears of it. */
async function refuseIfInterrupted(call: Call, child: ChildProcess, unshare: string): Promise<void> {
	if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
	if (child.signalCode !== null)
		throw localError("unavailable", call.operation, `${unshare} was ended by ${child.signalCode}`);
}

/**
 * Starts a program as root of a new user namespace, and of those that `flags` (of unshare(1)) name beside it.
 * The caller ends it or leaves it.
 */
export async function startAsRoot(
	call: Call,
	{
		unshare,
		flags,
		maps,
		argv,
		log,
	}: {
		unshare: string;
		flags: readonly string[];
		maps: IdMaps;
		argv: readonly string[];
		log: number;
	},
): Promise<Started> {
	const waiting = ["bash", "-c", 'echo unshared && read -r _ && exec "$@"', "davit", ...argv];
	const started = startDetached([unshare, "--user", ...flags, ...waiting], log);
	try {
		const line = await started.nextLine();
		if (line === undefined) await refuseIfInterrupted(call, started.child, unshare);
		if (line !== "unshared" || started.child.pid === undefined)
			throw localError("unsupported", call.operation, `${unshare} could not make a user namespace`);
		await writeMaps(call, started.child.pid, maps);
		started.child.stdin?.write("mapped\n");
		return started;
	} catch (error) {
		started.child.kill("SIGKILL");
		started.leave();
		throw error;
	}
}

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { DavitEvent } from "../../src/events.ts";

/** What a command left behind. `code` is undefined if a signal ended it. */
export interface Outcome {
	readonly code: number | undefined;
	readonly stdout: string;
	readonly stderr: string;
}

/** A davit that runs with `--json`. */
export interface Running {
	/** All that it has told so far. */
	readonly events: readonly DavitEvent[];
	/** The first event, of those told or to come, that `wanted` holds for. Rejects when the command ends without it. */
	until(wanted: (event: DavitEvent) => boolean): Promise<DavitEvent>;
	signal(name: NodeJS.Signals): void;
	/** True until it has ended. */
	readonly alive: boolean;
	readonly ended: Promise<Outcome>;
}

/** A command that takes longer than this hangs, in ms, where nothing else is said. */
const LONGEST_MS = 240_000;

export interface Spawned {
	readonly argv: readonly string[];
	readonly env: NodeJS.ProcessEnv;
	readonly cwd: string;
	readonly stdin?: string;
	/** It leads a process group, as in a terminal: a signal goes to all of it. */
	readonly group?: boolean;
	/** How long it may take, in ms. */
	readonly longestMs?: number;
}

/** Starts a command whose standard output is NDJSON. */
export function startEvents(spawned: Spawned): Running {
	const { child, ended } = begin(spawned);
	const events: DavitEvent[] = [];
	const waiting = new Set<(event: DavitEvent | undefined) => void>();
	const tell = (event: DavitEvent | undefined) => {
		for (const listener of [...waiting]) listener(event);
	};
	let alive = true;
	void ended.then(() => {
		alive = false;
		tell(undefined);
	});
	if (child.stdout)
		createInterface({ input: child.stdout }).on("line", (line) => {
			if (!line.startsWith("{")) return;
			const event = JSON.parse(line) as DavitEvent;
			events.push(event);
			tell(event);
		});
	return {
		events,
		get alive() {
			return alive;
		},
		ended,
		signal: (name) => {
			if (!spawned.group || child.pid === undefined) child.kill(name);
			else if (alive) process.kill(-child.pid, name);
		},
		until: (wanted) => {
			const told = events.find(wanted);
			if (told) return Promise.resolve(told);
			return new Promise((resolve, reject) => {
				const listener = (event: DavitEvent | undefined) => {
					if (event && !wanted(event)) return;
					waiting.delete(listener);
					if (event) resolve(event);
					else reject(new Error(`the command ended without the event; it told:\n${shown(events)}`));
				};
				waiting.add(listener);
				if (!alive) listener(undefined);
			});
		},
	};
}

/** Runs a command to its end. */
export function run(spawned: Spawned): Promise<Outcome> {
	return begin(spawned).ended;
}

function begin({ argv, env, cwd, stdin, group = false, longestMs = LONGEST_MS }: Spawned): {
	readonly child: ChildProcess;
	readonly ended: Promise<Outcome>;
} {
	const [command = "", ...args] = argv;
	const child = spawn(command, args, {
		env,
		cwd,
		stdio: [stdin === undefined ? "ignore" : "pipe", "pipe", "pipe"],
		detached: group,
	});
	if (stdin !== undefined) child.stdin?.end(stdin);
	const parts = { stdout: "", stderr: "" };
	for (const name of ["stdout", "stderr"] as const)
		child[name]?.setEncoding("utf8").on("data", (text: string) => {
			parts[name] += text;
		});
	const timer = setTimeout(() => child.kill("SIGKILL"), longestMs);
	const ended = once(child, "close").then(([code]): Outcome => {
		clearTimeout(timer);
		return { code: (code as number | null) ?? undefined, ...parts };
	});
	return { child, ended };
}

function shown(events: readonly DavitEvent[]): string {
	return events.map((event) => JSON.stringify(event)).join("\n");
}

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readlinkSync } from "node:fs";
import type { RunOptions, World } from "./acceptance.ts";

/** Somebody who sits before a terminal on which a shell line runs. */
export interface Terminal {
	/** All that has appeared so far, escape codes included. */
	readonly shown: string;
	type(keys: string): void;
	/** What appears up to the next match, after what was waited for before. Rejects when the line ends without it. */
	until(pattern: RegExp): Promise<string>;
	resize(size: Size): Promise<void>;
	/** The window is closed: its programs get SIGHUP. */
	close(): void;
	/** The rest of what appears, and the line's exit code. */
	readonly ended: Promise<{ readonly code: number | undefined; readonly rest: string }>;
}

interface Size {
	readonly rows: number;
	readonly columns: number;
}

export interface TerminalOptions extends RunOptions {
	readonly size?: Size;
}

/** A line that takes longer than this hangs, in ms. */
const LONGEST_MS = 240_000;

/** Runs a line of shell as the world's user on a terminal made by util-linux's `script`, closed in any case when `work` has ended. */
export async function onTerminal(
	world: World,
	line: string,
	work: (terminal: Terminal) => Promise<void>,
	{ size = { rows: 40, columns: 120 }, ...options }: TerminalOptions = {},
): Promise<void> {
	// Without a terminal as its own input, `script` turns the echo off.
	const prepared = `stty rows ${size.rows} cols ${size.columns} echo; ${line}`;
	const argv = ["script", "--quiet", "--flush", "--return", "--command", prepared, "/dev/null"];
	const spawned = world.command(argv, { ...options, env: { TERM: "xterm", SHELL: "/bin/sh", ...options.env } });
	const terminal = start(spawned);
	try {
		await work(terminal);
	} catch (error) {
		(error as Error).message += `\nthe terminal showed:\n${JSON.stringify(terminal.shown)}`;
		throw error;
	} finally {
		terminal.close();
		await terminal.ended;
	}
}

function start({ argv: [command = "", ...args], env, cwd }: ReturnType<World["command"]>): Terminal {
	const script = spawn(command, args, { env, cwd, stdio: ["pipe", "pipe", "inherit"] });
	let shown = "";
	let seen = 0;
	const waiting = new Set<() => void>();
	const look = () => {
		for (const listener of [...waiting]) listener();
	};
	script.stdin.on("error", () => {});
	script.stdout.setEncoding("utf8").on("data", (text: string) => {
		shown += text;
		look();
	});
	const timer = setTimeout(() => script.kill("SIGKILL"), LONGEST_MS);
	let alive = true;
	const ended = once(script, "close").then(([code]) => {
		clearTimeout(timer);
		alive = false;
		look();
		return { code: (code as number | null) ?? undefined, rest: shown.slice(seen) };
	});
	const until = (pattern: RegExp) =>
		new Promise<string>((resolve, reject) => {
			const listener = () => {
				const rest = shown.slice(seen);
				const found = pattern.exec(rest);
				if (found === null && alive) return;
				waiting.delete(listener);
				if (found === null) return reject(new Error(`the line ended, and ${pattern} never appeared`));
				const end = found.index + found[0].length;
				seen += end;
				resolve(rest.slice(0, end));
			};
			waiting.add(listener);
			listener();
		});
	return {
		get shown() {
			return shown;
		},
		type: (keys) => script.stdin.write(keys),
		until,
		resize: (size) => setSize(script.pid ?? 0, size),
		close: () => void script.kill("SIGKILL"),
		ended,
	};
}

/** The size of the terminal that `script` made; its programs get SIGWINCH. */
async function setSize(script: number, { rows, columns }: Size): Promise<void> {
	const [shell] = readFileSync(`/proc/${script}/task/${script}/children`, "utf8").split(" ");
	const device = readlinkSync(`/proc/${shell}/fd/0`);
	await once(spawn("stty", ["-F", device, "rows", `${rows}`, "cols", `${columns}`]), "close");
}

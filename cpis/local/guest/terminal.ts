import { execFile } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";

interface Size {
	readonly rows: number;
	readonly cols: number;
}

/** argv that runs a shell command on a terminal of that size: util-linux's `script` makes one. */
export function terminalCommand({ rows, cols }: Size, command: string): readonly string[] {
	// Without a terminal as its own input, `script` turns the echo off.
	const prepared = `stty rows ${rows} cols ${cols} echo 2>/dev/null; ${command}`;
	return ["script", "--quiet", "--return", "--command", prepared, "/dev/null"];
}

/** Tells the terminal that `script` (process `pid`) made about its new size; its programs get SIGWINCH. */
export function resizeTerminal(pid: number, { rows, cols }: Size): void {
	try {
		const [inner] = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ");
		const device = readlinkSync(`/proc/${inner}/fd/0`);
		if (device.startsWith("/dev/pts/"))
			execFile("stty", ["-F", device, "rows", `${rows}`, "cols", `${cols}`], () => {});
	} catch {} // The session is just ending.
}

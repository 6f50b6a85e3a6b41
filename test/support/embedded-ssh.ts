import { readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { firstProcess, vmRoot } from "./acceptance-state.ts";

/** The pid, as this machine sees it, of the SSH server in an embedded VM; 0 if there is none at the moment. */
export function sshServerOf(home: string, instance: string): number {
	const waiting = [firstProcess(home, basename(dirname(vmRoot(home, instance))))];
	for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
		if (read(`/proc/${pid}/cmdline`).includes("/opt/davit/sshd.js")) return pid;
		waiting.push(...read(`/proc/${pid}/task/${pid}/children`).trim().split(" ").filter(Boolean).map(Number));
	}
	return 0;
}

/** The text of a file of /proc; none of a process that has ended. */
function read(path: string): string {
	try {
		return readFileSync(path, "utf8");
	} catch {
		return "";
	}
}

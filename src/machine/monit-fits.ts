import type { CheckType, Condition } from "./monit-checks.ts";

type Kind = Condition["type"];

const FILE: readonly Kind[] = ["not-exist", "changed", "size", "timestamp", "permission", "uid", "gid"];

const KINDS: Readonly<Record<CheckType, readonly Kind[]>> = {
	process: ["not-exist", "changed", "resource", "uptime", "port", "unixsocket"],
	file: FILE,
	directory: FILE,
	fifo: FILE,
	filesystem: [...FILE, "space", "space%", "inode", "inode%"],
	host: ["port", "ping"],
	system: ["resource"],
	program: ["status"],
};

const OF_PROCESSES = /^((total)?cpu|(total)?mem%?|children|loadavg\d+)$/;
const OF_MACHINES = /^(cpu-\w+|mem%?|swap%?|loadavg\d+)$/;

/** Whether a check of that type can be asked that: a process has no free space, a file no memory. */
export function conditionFits(type: CheckType, condition: Condition): boolean {
	if (condition.type === "restarts") return true;
	if (!KINDS[type].includes(condition.type)) return false;
	if (condition.type === "resource") return (type === "system" ? OF_MACHINES : OF_PROCESSES).test(condition.resource);
	if (condition.type === "changed")
		return (type === "process") === (condition.what === "pid" || condition.what === "ppid");
	return true;
}

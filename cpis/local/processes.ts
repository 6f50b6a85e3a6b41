import { readFileSync } from "node:fs";

/** A process that can't be mistaken for a later one with the same number: `start` is in ticks since that boot. */
export interface ProcessId {
	readonly boot: string;
	readonly pid: number;
	readonly start: string;
}

function read(path: string): string | undefined {
	try {
		return readFileSync(path, "utf8");
	} catch {
		return undefined;
	}
}

/** proc(5): the name is in brackets and may hold anything; the state is field 3, the start time field 22. */
function fieldsFromState(pid: number): readonly string[] | undefined {
	return read(`/proc/${pid}/stat`)
		?.replace(/^.*\) /s, "")
		.split(" ");
}

/** True if a child of ours has ended, also while Node doesn't know it yet. */
export function isZombie(child: number | undefined): boolean {
	return child === undefined || fieldsFromState(child)?.[0] === "Z";
}

/** True while that very process exists and is no zombie. */
export function isAlive(id: ProcessId): boolean {
	if (read("/proc/sys/kernel/random/boot_id")?.trim() !== id.boot) return false;
	const fields = fieldsFromState(id.pid);
	return fields !== undefined && fields[0] !== "Z" && fields[0] !== "X" && fields[19] === id.start;
}

/** Sends a signal to that very process, if it is there. */
export function signalProcess(id: ProcessId, signal: NodeJS.Signals): void {
	if (isAlive(id)) send(id.pid, signal);
}

/** The same to the whole group that it leads. */
export function signalGroup(id: ProcessId, signal: NodeJS.Signals): void {
	if (isAlive(id)) send(-id.pid, signal);
}

function send(pid: number, signal: NodeJS.Signals): void {
	try {
		process.kill(pid, signal);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
	}
}

/** Reads `BOOT PID START [PID START]` as the guest's scripts write it; empty when there is no such file. */
export function readProcesses(path: string): readonly ProcessId[] {
	const [boot, ...numbers] = read(path)?.trim().split(" ") ?? [];
	const found: ProcessId[] = [];
	for (let at = 0; boot !== undefined && at + 1 < numbers.length; at += 2)
		found.push({ boot, pid: Number(numbers[at]), start: numbers[at + 1] ?? "" });
	return found;
}

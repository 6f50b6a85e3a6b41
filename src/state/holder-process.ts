import { readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { isRunning } from "../running-process.ts";

/** The process that holds a lease, as others see it. */
export interface HolderProcess {
	readonly pid: number;
	/** Host, and PID namespace where there are such: a pid means something only to those with the same machine. */
	readonly machine: string;
	/** False if `pid`, of this machine, is certainly gone. */
	isRunning(pid: number): boolean;
}

/** This process. */
export function currentProcess(): HolderProcess {
	return { pid: process.pid, machine: `${hostname()} ${pidNamespace()}`, isRunning };
}

/** Containers may share a folder and a host name, yet not see each other's processes. */
function pidNamespace(): string {
	try {
		return readlinkSync("/proc/self/ns/pid");
	} catch {
		return "";
	}
}

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Ids, LocalConfig } from "./config.ts";

/** The machine that VMs run on, as every part of this provider sees it. */
export interface Machine {
	/** Everything lies in here; an absolute path. */
	readonly folder: string;
	/** A way to map ids that the cloud file asks for. */
	readonly ids: Ids | undefined;
	/** util-linux's unshare, or davit's copy of it. */
	readonly unshare: string;
	/** What the cloud file allows. */
	readonly quota: LocalConfig["quota"];
}

/** Ubuntu 23.10 and later: ordinary users' namespaces only for programs with a profile that says so. */
export function isRestrictedByAppArmor(): boolean {
	if (process.getuid?.() === 0) return false;
	try {
		return readFileSync("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "utf8").trim() === "1";
	} catch {
		return false;
	}
}

function helper(folder: string): string {
	return join(folder, "helper", "unshare");
}

/** True if davit's copy of unshare is used, which support.ts makes. */
export function usesHelper(machine: Machine): boolean {
	return machine.unshare === helper(machine.folder);
}

export function machineOf(config: LocalConfig): Machine {
	const { folder, ids, unshare, quota } = config;
	return { folder, ids, quota, unshare: unshare ?? (isRestrictedByAppArmor() ? helper(folder) : "unshare") };
}

import type { DiskCid, VmCid } from "../cpi/cpi.ts";

/** What an operator has chosen for an instance that is not as it is recorded (`davit cloud-check`), where a deploy would do nothing, or another thing. */
export interface Remedy {
	/** `finish`: what a deploy does. The others hold for a VM that is there: one that is gone is made anew. */
	readonly how: "finish" | "recreate" | "reboot" | "reattach" | "reattach-and-reboot";
	/** False: its processes are started, and nobody waits for them: BOSH's `recreate_vm_without_wait`. */
	readonly waits: boolean;
	/** Disks of its that hang at other VMs. */
	readonly elsewhere: ReadonlyMap<DiskCid, VmCid>;
	/** Which of its disks have to be attached again. */
	readonly disks: readonly DiskCid[];
}

/** True if its disks are taken off and attached again. */
export function reattaches(remedy: Remedy | undefined): remedy is Remedy {
	return remedy?.how === "reattach" || remedy?.how === "reattach-and-reboot";
}

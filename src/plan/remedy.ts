import type { DiskCid, VmCid } from "../cpi/cpi.ts";

/** What is chosen for an instance that is ill, or not as it is recorded (`davit watch`, `davit cloud-check`), where a deploy would do nothing, or another thing. */
export interface Remedy {
	/**
	 * `finish`: what a deploy does. `recreate`: so does this, and what is silent or off gets a new VM. `reboot`: what is silent is rebooted, and what
	 * has its disks attached again.
	 */
	readonly how: "finish" | "recreate" | "reboot";
	/** A reboot is not only for what is silent. */
	readonly always?: true;
	/** Its processes are started, and nobody waits for them: BOSH's `recreate_vm_without_wait`. */
	readonly waits?: false;
	/** Disks of its that are let go and attached again, and the VMs at which they hang instead of its own. */
	readonly reattach?: ReadonlyMap<DiskCid, VmCid | undefined>;
}

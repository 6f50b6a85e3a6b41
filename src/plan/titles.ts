import type { StepData } from "./instance-steps.ts";

/** What the view says while a step about one instance runs. */
export function titleOf(data: StepData, instance: string): string {
	const disk = "name" in data && data.name !== undefined ? `persistent disk ${data.name}` : "the persistent disk";
	switch (data.kind) {
		case "stop":
			return `Stopping ${instance}${data.reachable ? "" : " (it does not answer)"}`;
		case "detach-disk":
			return `Detaching ${disk} of ${instance}`;
		case "delete-vm":
			return `Deleting the VM of ${instance}`;
		case "delete-compilation-vm":
			return `Deleting the VM of ${instance}: nothing is left to compile on it`;
		case "create-vm":
			return `Creating ${data.onNextVm ? "another" : "the"} VM of ${instance}`;
		case "power-on":
			return `${data.isOn ? "Rebooting" : "Powering on"} ${instance}`;
		case "bootstrap-vm":
			return `Preparing ${data.onNextVm ? `the new VM of ${instance}` : instance}`;
		case "swap-vm":
			return `Swapping ${instance} to its new VM`;
		case "publish-names":
			return `Telling ${counted(data.to.length, "instance")} the address of ${instance}`;
		case "create-disk":
			return data.name === undefined
				? `Creating ${data.copyOf ? "another" : "a"} persistent disk for ${instance} (${data.sizeMib} MiB)`
				: `Creating ${disk} for ${instance} (${data.sizeMib} MiB)`;
		case "copy-disk":
			return `Copying the persistent disk of ${instance} to another one`;
		case "discard-copy":
			return `Giving up the copy of the persistent disk of ${instance}`;
		case "resize-disk":
			return `Growing ${disk} of ${instance} to ${data.sizeMib} MiB`;
		case "attach-disk":
		case "associate-disk":
			return `Attaching ${disk} of ${instance}`;
		case "orphan-disk":
			return `Orphaning ${disk} of ${instance}`;
		case "snapshot-disk":
			return `Taking a snapshot of ${disk} of ${instance}`;
		case "install-packages":
			return `Installing ${counted(data.packages.length, "package")} on ${data.onNextVm ? `the new VM of ${instance}` : instance}`;
		case "update-names":
			return `Updating names on ${instance}`;
		case "install-jobs":
			return `Installing jobs on ${instance}`;
		case "pre-start":
		case "post-start":
		case "post-deploy":
			return `Running ${data.kind} on ${instance}`;
		case "start":
			return `Starting ${instance}`;
		case "delete-instance":
			return `Forgetting ${instance}`;
		case "errand":
			return `Running errand ${data.job} on ${instance}`;
		default:
			return data.kind;
	}
}

/** `1 package`, `2 packages` */
export function counted(count: number, what: string): string {
	return `${count} ${what}${count === 1 ? "" : "s"}`;
}

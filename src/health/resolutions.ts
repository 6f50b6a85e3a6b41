/** BOSH's problems, and after them those that BOSH's cloud-check does not see. */
export const PROBLEM_KINDS = [
	"missing_vm",
	"unresponsive_agent",
	"missing_disk",
	"inactive_disk",
	"mount_info_mismatch",
	"stopped_vm",
	"unfinished_update",
	"shared_vm",
	"unknown_vm",
	"unknown_disk",
] as const;

export type ProblemKind = (typeof PROBLEM_KINDS)[number];

/** What may be done about a problem, with BOSH's names, and what that means. */
export const RESOLUTIONS = {
	ignore: "leave it as it is",
	recreate_vm_without_wait: "make a new VM, and don't wait for its processes",
	recreate_vm: "make a new VM, and wait for its processes",
	delete_vm_reference: "forget the VM, and delete nothing",
	delete_vm: "delete the VM; its disks are kept",
	reboot_vm: "reboot the VM, or power it on",
	delete_disk_reference: "forget the disk; the instance gets an empty one",
	delete_disk: "take the disk from the instance; it is kept, orphaned",
	activate_disk: "make it the instance's disk",
	reattach_disk: "stop the jobs, attach the disk, start them",
	reattach_disk_and_reboot: "the same, and reboot the VM before they start",
	finish_update: "bring the instance to what the last finished deploy wants",
	orphan_disk: "record it as orphaned: nothing is lost, and it can be attached or deleted",
} as const;

export type Resolution = keyof typeof RESOLUTIONS;

/** Per kind, the default first: BOSH's own for its problems (bosh-director's problem_handlers, `auto_resolution`). */
export const RESOLUTIONS_OF: Readonly<Record<ProblemKind, readonly [Resolution, ...Resolution[]]>> = {
	missing_vm: ["recreate_vm_without_wait", "recreate_vm", "delete_vm_reference", "ignore"],
	unresponsive_agent: [
		...(["ignore", "reboot_vm", "recreate_vm_without_wait", "recreate_vm", "delete_vm"] as const),
		"delete_vm_reference",
	],
	missing_disk: ["ignore", "delete_disk_reference"],
	inactive_disk: ["ignore", "delete_disk", "activate_disk"],
	mount_info_mismatch: ["ignore", "reattach_disk", "reattach_disk_and_reboot"],
	stopped_vm: ["reboot_vm", "recreate_vm_without_wait", "recreate_vm", "delete_vm", "ignore"],
	unfinished_update: ["finish_update", "ignore"],
	shared_vm: ["ignore"],
	unknown_vm: ["ignore", "delete_vm"],
	unknown_disk: ["orphan_disk", "ignore"],
};

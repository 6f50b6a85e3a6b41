import { type Problem, problem } from "../errors.ts";
import type { InstanceDiff } from "./diff-instance.ts";
import { namedDiskChange } from "./disk-change.ts";

/**
 * Disks of `persistent_disks` that could only become what is wanted by losing what is on them. BOSH would give the jobs an empty disk and orphan
 * the other (bosh-director, disk_manager.rb); nothing here is done that the operator may not have meant.
 */
export function namedDiskProblems(diffs: readonly InstanceDiff[], canResize: (cpi: string) => boolean): Problem[] {
	return diffs
		.filter(({ action, vm }) => action !== "keep" && vm !== "remove")
		.flatMap(({ desired: { name, disks } }) =>
			disks.flatMap((disk): readonly Problem[] => {
				const change = namedDiskChange(disk, canResize);
				if (change?.how !== "copy") return [];
				const message = `${name}: its persistent disk "${disk.name}" can't become what is wanted (${change.detail}): only its jobs know what is on it, so davit can't copy that`;
				const hint = `add a disk of another name, let the jobs move their data to it, and remove "${disk.name}" then: it is kept, orphaned`;
				return [problem("disk-not-changed", message, { hint })];
			}),
		);
}

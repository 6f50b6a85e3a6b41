import type { DiskHint } from "../cpi/cpi.ts";
import { unmountPlace } from "./disk.ts";
import { mountedAt } from "./disk-mount.ts";
import { findDisk } from "./find-disk.ts";
import { DAVIT, DISKS, pathName } from "./layout.ts";
import { script } from "./prelude.ts";
import { assign, quote } from "./shell.ts";

/** Run at every boot, since a device may have another name then: one program for each disk, named as it is. */
export const DISK_PROGRAMS = `${DAVIT}/disks`;

/** Where the jobs of a VM find one of the disks of `persistent_disks`. */
export function diskPath(name: string): string {
	return `${DISKS}/${pathName("disk", name)}`;
}

/** A link that leads to a device which is another disk by now would let jobs destroy that one. */
const showDevice = `wait=\${1:-10}
trap 'if [ -L "$shown" ]; then rm -f "$shown"; fi' EXIT
`;

const linkDevice = `mkdir -p "\${shown%/*}"
chmod 0755 "\${shown%/*}"
link "$device" "$shown"
trap - EXIT
`;

const checkMounted = `mounted_at "$shown"
if [ -z "$device_numbers" ]; then die "the disk that should be mounted at $shown isn't"; fi
`;

/**
 * Shows a disk to the jobs by its name: a link to its device, which is neither formatted nor mounted, now and after every boot. Where the cloud's disks
 * are file systems, it has mounted it there itself.
 */
export function associateDiskScript(hint: DiskHint, name: string): string {
	const shown = assign("shown", diskPath(name));
	if (hint.kind === "mounted") return script(mountedAt, shown, checkMounted);
	const program = `#!/bin/bash\n# Written by davit: shows a disk to the jobs.\n${script(shown, showDevice, findDisk(hint, "$wait"), linkDevice)}`;
	const file = `${DISK_PROGRAMS}/${pathName("disk", name)}`;
	return script(
		"exclusive disk",
		`mkdir -p ${DISK_PROGRAMS}`,
		`put ${quote(file)} 0700 root:root ${quote(program)}`,
		`durable ${DISK_PROGRAMS}`,
		`${quote(file)} 60`,
	);
}

/** What jobs have mounted of it, whole or a partition, they leave to whoever stops them. What lies between (LVM, RAID) is theirs: it is only written out. */
const letGo = `if [ ! -L "$shown" ]; then
  sync
  rmdir "$shown" 2>/dev/null || true
  exit 0
fi
device=$(readlink -f "$shown")
if [ -b "$device" ]; then
  numbers=' ' places=()
  for file in /sys/class/block/"\${device##*/}"/dev /sys/class/block/"\${device##*/}"/"\${device##*/}"*/dev; do
    if [ -e "$file" ]; then read -r number <"$file"; numbers+="$number "; fi
  done
  while read -r _ _ number _ place _; do
    if [[ $numbers == *" $number "* ]]; then printf -v place %b "$place"; places=("$place" \${places[@]+"\${places[@]}"}); fi
  done </proc/self/mountinfo
  for place in \${places[@]+"\${places[@]}"}; do unmount_place "$place"; done
  sync
  blockdev --flushbufs "$device"
fi
rm -f "$program" "$shown"
`;

/** Takes the disk from the jobs, which are stopped; absent is success. A disk that the cloud has mounted is only written out; once it is gone, so is its folder. */
export function dissociateDiskScript(name: string): string {
	const program = assign("program", `${DISK_PROGRAMS}/${pathName("disk", name)}`);
	return script("exclusive disk", unmountPlace, assign("shown", diskPath(name)), program, letGo);
}

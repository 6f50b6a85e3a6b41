import type { DiskHint } from "../cpi/cpi.ts";
import { formatDisk } from "./disk-format.ts";
import { fstab, mountDisk, mountedAt } from "./disk-mount.ts";
import { findDisk } from "./find-disk.ts";
import { script } from "./prelude.ts";
import { assign } from "./shell.ts";

export interface MountOptions {
	readonly mountPoint: string;
	/** `ext4` or `xfs`; only a disk that is formatted now gets it. */
	readonly fileSystem: string;
	/** davit created the disk, and its journal holds no earlier mount. */
	readonly mayFormat: boolean;
	readonly mountOptions: readonly string[];
	/** How long the disk may take to appear after the cloud attached it. Default 60. */
	readonly waitSeconds?: number;
}

/** A disk that the cloud gives as a file system is mounted by it, and comes back after a reboot by it. */
const checkMounted = `mounted_at "$path"
if [ -z "$device_numbers" ]; then die "the disk that should be mounted at $path isn't"; fi
if [ "$path" != "$mount_point" ]; then die "the disk is mounted at $path instead of $mount_point"; fi
own root:root 0755 "$path"
`;

/**
 * Makes a persistent disk usable at the mount point, now and after every boot (fstab, by UUID). It is formatted once: only if `mayFormat` and
 * neither the disk nor a partition of it has any signature. Every other doubt is an error that names the disk. It prints the file system's type,
 * unless the cloud mounts the disk.
 */
export function mountDiskScript(hint: DiskHint, options: MountOptions): string {
	const mountPoint = assign("mount_point", options.mountPoint);
	if (hint.kind === "mounted") return script(mountedAt, mountPoint, assign("path", hint.path), checkMounted);
	return script(
		"exclusive disk",
		mountedAt,
		fstab,
		mountPoint,
		assign("file_system", options.fileSystem),
		assign("may_format", options.mayFormat ? "yes" : ""),
		assign("options", ["defaults", ...options.mountOptions].join(",")),
		findDisk(hint, options.waitSeconds ?? 60),
		formatDisk,
		mountDisk,
	);
}

/** Waits for 10 seconds for those who use it. */
export const unmountPlace = `unmount_place() { # mount-point
  local tries=0 said='' users='' pid='' name=''
  until said=$(umount "$1" 2>&1); do
    tries=$((tries + 1))
    if [ "$tries" -ge 20 ]; then
      users=$(ls -l /proc/[0-9]*/{cwd,root,exe,fd} 2>/dev/null | awk -v p="$1" '
        /^\\/proc/ { pid = $0 } index($0, " -> " p) { split(pid != "" ? pid : $9, a, "/"); if (!(a[3] in s)) { s[a[3]]; print a[3] } }' || true)
      for pid in $users; do read -r name 2>/dev/null <"/proc/$pid/comm" || name='?'; said+="; in use by process $pid ($name)"; done
      die "$said"
    fi
    sleep 0.5
  done
}
`;

const unmount = `mounted_at "$mount_point"
if [ -z "$device_numbers" ]; then fstab; exit 0; fi
if [ "$mounted_folder" != / ] || [[ $mounted_source != /dev/* ]]; then sync; exit 0; fi
unmount_place "$mount_point"
fstab
`;

/** Unmounts what is at the mount point; absent is success. What is no block device is taken away by the cloud: it is only synced. An error names who uses it. */
export function unmountDiskScript(mountPoint: string): string {
	return script("exclusive disk", mountedAt, fstab, unmountPlace, assign("mount_point", mountPoint), unmount);
}

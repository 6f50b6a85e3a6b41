import type { DiskHint } from "../cpi/cpi.ts";
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

/** Of what is mounted at a place, the last one counts: device numbers, the mounted folder of its file system, and the source, or nothing. */
const mountedAt = `mounted_at() {
  local line='' fields=() rest=()
  device_numbers='' mounted_folder='' mounted_source=''
  while read -r line; do
    read -r -a fields <<<"$line"
    if [ "\${fields[4]}" != "$1" ]; then continue; fi
    read -r -a rest <<<"\${line##* - }"
    device_numbers=\${fields[2]} mounted_folder=\${fields[3]} mounted_source=\${rest[1]}
  done </proc/self/mountinfo
}
fstab() { # [line]: replaces what fstab says of the mount point
  local line='' text='' where=''
  touch /etc/fstab
  while IFS= read -r line || [ -n "$line" ]; do
    read -r _ where _ <<<"$line" || true
    if [ "$where" != "$mount_point" ]; then text+=$line$'\\n'; fi
  done </etc/fstab
  put /etc/fstab 0644 root:root "$text\${1:+$1$'\\n'}"
}
`;

/** A disk with partitions is mounted only if BOSH made them (GPT, `bosh-partition-*`). */
const choosePartition = `node=\${device##*/}
for partition in /sys/class/block/"$node"/"$node"*/partition; do
  if [ ! -e "$partition" ]; then continue; fi
  partition=\${partition%/partition} partition=/dev/\${partition##*/}
  if [[ $(blkid -p -s PART_ENTRY_NAME -o value "$partition" || true) == bosh-partition-* ]]; then device=$partition; break; fi
  device=''
done
if [ -z "$device" ]; then die "$disk has partitions that BOSH did not make; davit leaves it alone"; fi
`;

/** The label tells a file system that an interrupted run of ours made from one that was there before. */
const format = `code=0
type=$(blkid -p -s TYPE -o value "$device") || code=$?
if [ "$code" != 0 ] && [ "$code" != 2 ]; then die "$disk has several signatures: $(wipefs --no-act "$device" | tr '\\n' ';')"; fi
if [ -z "$type" ]; then
  signatures=$(wipefs --no-act "$device")
  if [ -n "$signatures" ]; then die "$disk is not empty, and holds no file system: $signatures"; fi
  if [ "$device" != "$found" ]; then die "$disk: the partition $device that BOSH made holds no file system"; fi
  if [ -z "$may_format" ]; then die "$disk was mounted before and now holds no file system; davit does not format it again"; fi
  case $file_system in
    ext4) mkfs.ext4 -q -F -L davit-store "$device" ;;
    xfs) mkfs.xfs -q -L davit-store "$device" ;;
    *) die "davit can't make a file system of type $file_system" ;;
  esac
  type=$file_system
elif [ -n "$may_format" ] && [ "$device" = "$found" ] && [ "$(blkid -p -s LABEL -o value "$device" || true)" != davit-store ]; then
  die "$disk is new, but holds a file system ($type) that davit did not make"
fi
case $type in
  ext3 | ext4 | xfs) ;;
  *) die "$disk holds $type, which is no file system that davit mounts" ;;
esac
`;

/** The file system is grown at every mount: if that failed once, the next deploy does it. */
const mountAndGrow = `read -r numbers <"/sys/class/block/\${device##*/}/dev"
mounted_at "$mount_point"
if [ -z "$device_numbers" ]; then
  mkdir -p "$mount_point"
  mount -t "$type" -o "$options" "$device" "$mount_point" || die "$disk could not be mounted at $mount_point"
  own root:root 0755 "$mount_point"
elif [ "$device_numbers" != "$numbers" ]; then
  die "$mount_point has another disk mounted ($mounted_source); $disk is not mounted over it"
fi
fstab "UUID=$(blkid -p -s UUID -o value "$device") $mount_point $type $options,nofail 0 2"
case $type in
  xfs) said=$(xfs_growfs "$mount_point" 2>&1) || die "the file system of $disk did not grow: $said" ;;
  *) said=$(resize2fs "$device" 2>&1) || die "the file system of $disk did not grow: $said" ;;
esac
`;

/** A disk that the cloud gives as a file system is mounted by it, and comes back after a reboot by it. */
const checkMounted = `mounted_at "$path"
if [ -z "$device_numbers" ]; then die "the disk that should be mounted at $path isn't"; fi
if [ "$path" != "$mount_point" ]; then die "the disk is mounted at $path instead of $mount_point"; fi
own root:root 0755 "$path"
`;

/**
 * Makes a persistent disk usable at the mount point, now and after every boot (fstab, by UUID). It is formatted once: only if `mayFormat` and
 * neither the disk nor a partition of it has any signature. Every other doubt is an error that names the disk.
 */
export function mountDiskScript(hint: DiskHint, options: MountOptions): string {
	const mountPoint = assign("mount_point", options.mountPoint);
	if (hint.kind === "mounted") return script(mountedAt, mountPoint, assign("path", hint.path), checkMounted);
	return script(
		mountedAt,
		mountPoint,
		assign("file_system", options.fileSystem),
		assign("may_format", options.mayFormat ? "yes" : ""),
		assign("options", ["defaults", ...options.mountOptions].join(",")),
		findDisk(hint, options.waitSeconds ?? 60),
		choosePartition,
		format,
		mountAndGrow,
	);
}

const unmount = `mounted_at "$mount_point"
if [ -z "$device_numbers" ]; then fstab; exit 0; fi
if [ "$mounted_folder" != / ] || [[ $mounted_source != /dev/* ]]; then sync; exit 0; fi
tries=0
until said=$(umount "$mount_point" 2>&1); do
  tries=$((tries + 1))
  if [ "$tries" -ge 20 ]; then
    users=$(ls -l /proc/[0-9]*/{cwd,root,exe,fd} 2>/dev/null | awk -v p="$mount_point" '
      /^\\/proc/ { pid = $0 } index($0, " -> " p) { split(pid != "" ? pid : $9, a, "/"); if (!(a[3] in s)) { s[a[3]]; print a[3] } }' || true)
    for pid in $users; do read -r name 2>/dev/null <"/proc/$pid/comm" || name='?'; said+="; in use by process $pid ($name)"; done
    die "$said"
  fi
  sleep 0.5
done
fstab
`;

/** Unmounts what is at the mount point; absent is success. What is no block device is taken away by the cloud: it is only synced. An error names who uses it. */
export function unmountDiskScript(mountPoint: string): string {
	return script(mountedAt, assign("mount_point", mountPoint), unmount);
}

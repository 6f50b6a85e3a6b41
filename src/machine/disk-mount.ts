/** Of what is mounted at a place, the last one counts: device numbers, the mounted folder of its file system, mount options and the source, or nothing. */
export const mountedAt = `mounted_at() {
  local line='' fields=() rest=()
  device_numbers='' mounted_folder='' mounted_options='' mounted_source=''
  while read -r line; do
    read -r -a fields <<<"$line"
    if [ "\${fields[4]}" != "$1" ]; then continue; fi
    read -r -a rest <<<"\${line##* - }"
    device_numbers=\${fields[2]} mounted_folder=\${fields[3]} mounted_options=\${fields[5]} mounted_source=\${rest[1]}
  done </proc/self/mountinfo
}
`;

/** systemd keeps a unit of each line of fstab, and unmounts at once what is mounted where the unit's own device is absent: it must read the new line first. */
export const fstab = `fstab() { # [line]: replaces what fstab says of the mount point
  local line='' text='' where='' now=''
  touch /etc/fstab
  while IFS= read -r line || [ -n "$line" ]; do
    now+=$line$'\\n'
    read -r _ where _ <<<"$line" || true
    if [ "$where" != "$mount_point" ]; then text+=$line$'\\n'; fi
  done </etc/fstab
  text+=\${1:+$1$'\\n'}
  if [ "$text" = "$now" ]; then return; fi
  put /etc/fstab 0644 root:root "$text"
  if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
}
`;

/** A snapshot of a disk has its UUID: by which of them fstab would be served at the next boot is chance. */
const onlyOne = `uuid=$(tag UUID "$device")
if [ -z "$uuid" ]; then die "the file system of $disk has no UUID, by which it would be found after a reboot"; fi
for other in /sys/class/block/*; do
  read -r size <"$other/size" || continue
  if [ "$size" = 0 ] || [ "/dev/\${other##*/}" = "$device" ] || [ -e "/sys/class/block/\${device##*/}/holders/\${other##*/}" ]; then continue; fi
  if [ "$(tag UUID "/dev/\${other##*/}" 2>/dev/null)" = "$uuid" ]; then
    die "$disk has the same file system UUID as /dev/\${other##*/} ($uuid); one is a copy of the other: detach that one, or give it a UUID of its own"
  fi
done
`;

/** The last partition of a disk that has grown: as growpart does it. Less than 16 MiB behind it is alignment. */
const growPartition = `if [ "$device" != "$found" ]; then
  read -r start <"/sys/class/block/\${device##*/}/start"
  read -r size <"/sys/class/block/\${device##*/}/size"
  read -r whole <"/sys/class/block/\${found##*/}/size"
  last=$device
  for partition in /sys/class/block/"\${found##*/}"/"\${found##*/}"*/start; do
    if [ "$(<"$partition")" -gt "$start" ]; then last=''; fi
  done
  if [ -n "$last" ] && [ $((whole - start - size)) -gt 32768 ]; then
    read -r number <"/sys/class/block/\${device##*/}/partition"
    said=$(echo ', +' | sfdisk --no-reread --force -q -N "$number" "$found" 2>&1) || die "the partition of $disk did not grow: $said"
    partx --update --nr "$number" "$found"
  fi
fi
`;

/** The file system is grown at every mount: if that failed once, the next deploy does it. One that was being copied is read-only. A supervisor that waited for the disk in vain at boot starts now; it waits long,
 * since after systemd's 90 s nobody would start it when a slow machine or cloud has the disk there at last. */
const mountAndGrow = `read -r numbers <"/sys/class/block/\${device##*/}/dev"
mounted_at "$mount_point"
if [ -n "$device_numbers" ] && [ "$device_numbers" != "$numbers" ]; then
  die "$mount_point has another disk mounted ($mounted_source); $disk is not mounted over it"
fi
fstab "UUID=$uuid $mount_point $type $options,nofail,x-systemd.device-timeout=30min 0 2"
if [ -z "$device_numbers" ]; then
  mkdir -p "$mount_point"
  if ! said=$(mount -t "$type" -o "$options" "$device" "$mount_point" 2>&1); then
    fstab
    die "$disk could not be mounted at $mount_point: $said"
  fi
  own root:root 0755 "$mount_point"
elif [[ ,$mounted_options, == *,ro,* ]]; then
  said=$(mount -o remount,rw "$mount_point" 2>&1) || die "$disk is read-only at $mount_point, and stays it: $said"
fi
case $type in
  xfs) said=$(xfs_growfs "$mount_point" 2>&1) || die "the file system of $disk did not grow: $said" ;;
  *) said=$(resize2fs "$device" 2>&1) || die "the file system of $disk did not grow: $said" ;;
esac
if [ -d /run/systemd/system ] && systemctl is-enabled --quiet davit-supervisor.service 2>/dev/null; then
  systemctl start --no-block davit-supervisor.service
fi
echo "$type"
`;

/** Mounts `device` at `mount_point` by its UUID, now and after every boot, and lets it fill its disk. */
export const mountDisk = `${onlyOne}${growPartition}${mountAndGrow}`;

#!/bin/bash
# Mounts a disk's folder in a VM; the VM's namespace receives the mount from this one. usage: attach.sh ROOT DISK PLACE [PID]
# PID is the VM's first process, if it runs.
set -eu
root=$1 disk=$2 place=$3
# The VM owns its root folder and may have put a link where the disk belongs: nothing outside is followed.
target=$(realpath -m -- "$root$place")
if [ "$target" != "$(realpath -- "$root")$place" ]; then
	echo "$place in the VM is a symbolic link" >&2
	exit 1
fi
in_vm() {
	local point
	while read -r _ _ _ _ point _; do
		printf -v point %b "$point"
		[ "$point" = "$place" ] && return 0
	done <"/proc/$1/mountinfo"
	return 1
}
if mountpoint -q -- "$target"; then
	# The VM's root may have unmounted it there; only a new mount reaches the VM.
	if [ $# -lt 4 ] || in_vm "$4"; then exit 0; fi
	umount -- "$target"
fi
mkdir -p -- "$target"
mount --bind -- "$disk/data" "$target"

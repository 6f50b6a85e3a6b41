#!/bin/bash
# Mounts a disk's folder in a VM; the VM's namespace receives the mount from this one. usage: attach.sh ROOT DISK PLACE
set -eu
root=$1 disk=$2 place=$3
# The VM owns its root folder and may have put a link where the disk belongs: nothing outside is followed.
target=$(realpath -m -- "$root$place")
if [ "$target" != "$(realpath -- "$root")$place" ]; then
	echo "$place in the VM is a symbolic link" >&2
	exit 1
fi
mountpoint -q -- "$target" && exit 0
mkdir -p -- "$target"
mount --bind -- "$disk/data" "$target"

import type { DiskHint } from "../cpi/cpi.ts";
import { assign } from "./shell.ts";

/** Adds a block device to `found` if the link or node exists; partitions of the disk are not the disk. */
const candidate = `found=''
candidate() {
  local node=''
  if [[ $1 == *-part[0-9]* ]] || [ ! -b "$1" ]; then return; fi
  node=$(readlink -f "$1")
  if [ -n "$found" ] && [ "$found" != "$node" ]; then die "$disk is ambiguous: both $found and $node carry it"; fi
  found=$node
}
`;

/** virtio keeps 20 characters of a serial, NVMe drops EBS's dash; SCSI shows it only in udev's links. */
const serial = `find_disk() {
  local file='' value=''
  for file in /sys/block/*/serial /sys/block/*/device/serial; do
    read -r value 2>/dev/null <"$file" || continue
    case $value in
      "$serial" | "\${serial:0:20}" | "\${serial//-/}") file=\${file#/sys/block/}; candidate "/dev/\${file%%/*}" ;;
    esac
  done
  for file in /dev/disk/by-id/*"$serial" /dev/disk/by-id/*"\${serial//-/}"; do candidate "$file"; done
}
`;

const byId = `find_disk() {
  local file=''
  candidate "/dev/disk/by-id/$id"
  if [ -n "$found" ]; then return; fi
  for file in /dev/disk/by-id/*"$id"; do candidate "$file"; done
}
`;

/** As bosh-agent's SCSI LUN resolver: the Hyper-V controller by its id, or Azure's own links. */
const lun = `find_disk() {
  local bus='' value='' file=''
  if [ -z "$host_device" ]; then candidate "/dev/disk/azure/scsi1/lun$lun"; return; fi
  for bus in /sys/bus/vmbus/devices/*; do
    read -r value 2>/dev/null <"$bus/device_id" || continue
    if [[ \${value,,} != *"\${host_device,,}"* ]]; then continue; fi
    for file in "$bus"/host*/target*/*:*:*:"$lun"/block/*; do candidate "/dev/\${file##*/}"; done
  done
}
`;

/** For messages: what the cloud called the disk. */
function describe(hint: Exclude<DiskHint, { kind: "mounted" }>): string {
	if (hint.kind === "serial") return `the disk with serial ${hint.serial}`;
	if (hint.kind === "by-id") return `the disk ${hint.id}`;
	if (hint.kind === "lun") return `the disk at LUN ${hint.lun}`;
	return `the disk ${hint.path}`;
}

function lookup(hint: Exclude<DiskHint, { kind: "mounted" }>): string {
	if (hint.kind === "serial") return `${assign("serial", hint.serial)}\n${serial}`;
	if (hint.kind === "by-id") return `${assign("id", hint.id)}\n${byId}`;
	if (hint.kind === "lun")
		return `${assign("lun", hint.lun)}\n${assign("host_device", hint.hostDeviceId ?? "")}\n${lun}`;
	return `${assign("path", hint.path)}\nfind_disk() { candidate "$path"; }\n`;
}

/** Leaves the disk's node in `device` and words for it in `disk`; waits up to `waitSeconds` for it to appear. A node name is never guessed. */
export function findDisk(hint: Exclude<DiskHint, { kind: "mounted" }>, waitSeconds: number | "$wait"): string {
	return `${assign("disk", describe(hint))}
${candidate}${lookup(hint)}until=$((SECONDS + ${waitSeconds}))
while find_disk; [ -z "$found" ]; do
  if [ "$SECONDS" -ge "$until" ]; then die "$disk did not appear within ${waitSeconds} s; this VM has $(cd /sys/block && echo *)"; fi
  sleep 0.2
done
device=$found disk="$disk ($found)"
`;
}

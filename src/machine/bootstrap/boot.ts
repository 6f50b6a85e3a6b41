import { DISK_PROGRAMS } from "../associate-disk.ts";
import { restoreHosts } from "../names.ts";
import { quote } from "../shell.ts";

/** Run at every boot before the supervisor starts (systemd: ExecStartPre; embedded: by PID 1), and once by bootstrap. */
export const BOOT_PROGRAM = "/var/vcap/davit/boot";

/** Gives the id of this boot in REPLY, without a fork. PID 1's start time tells apart the boots of VMs that share a kernel. */
export const bootIdFunction = `boot_id() {
  local stat='' id='' fields=()
  read -r id </proc/sys/kernel/random/boot_id
  read -r stat </proc/1/stat
  read -r -a fields <<<"\${stat##*) }"
  REPLY="$id-\${fields[19]}"
}
`;

/** BOSH gives sys/run 1777 by leaving tmpfs's default. Where nothing may be mounted it is a folder, emptied at each boot: a stale pidfile may name a live process.
 * The supervisor's heartbeat goes too: VMs that share a kernel share its uptime, by which a beat of the former boot would look fresh. */
function program(runDirMib: number): string {
	return `#!/bin/bash
# Written by davit: brings back what a reboot loses.
set -eu
${bootIdFunction}boot_id
run=/var/vcap/data/sys/run
if [ -d /run/systemd/system ] && [ -f /var/vcap/data/swapfile ] && ! grep -q '^/var/vcap/data/swapfile ' /proc/swaps; then
  swapon /var/vcap/data/swapfile || true
fi
if ! grep -q " $run " /proc/self/mountinfo; then
  mount -t tmpfs -o size=${runDirMib}m,mode=1777 tmpfs "$run" 2>/dev/null || [ ! -d /run/systemd/system ]
fi
booted=''
if [ -f /var/vcap/davit/booted ]; then read -r booted </var/vcap/davit/booted || true; fi
if [ "$booted" != "$REPLY" ] && [ "\${1:-}" != keep ]; then
  find "$run" -mindepth 1 -delete
  rm -f /var/vcap/davit/supervisor/heartbeat
fi
chmod 1777 "$run"
chown root:vcap "$run" 2>/dev/null || true
for job in /var/vcap/jobs/*; do
  if [ ! -L "$job" ]; then continue; fi
  mkdir -p "$run/\${job##*/}"
  chmod 0770 "$run/\${job##*/}"
  chown root:vcap "$run/\${job##*/}" 2>/dev/null || true
done
for disk in ${DISK_PROGRAMS}/*; do
  if [ -x "$disk" ]; then "$disk" || true; fi
done
${restoreHosts}echo "$REPLY" >/var/vcap/davit/booted
`;
}

/** Installs the boot program and runs it; on a VM that is up it must not empty sys/run, whoever ran it at the boot. */
export function boot(runDirMib: number): string {
	return `put ${BOOT_PROGRAM} 0755 root:root ${quote(program(runDirMib))}\n${BOOT_PROGRAM} keep\n`;
}

/** A swap file of the given size; absent: as much as there is memory, at most half of the free data disk (bosh-agent). */
export function swap(mib: number | undefined): string {
	if (mib === 0) return "";
	return `if [ -d /run/systemd/system ] && [ ! -f /var/vcap/data/swapfile ]; then
  swap_mib=${mib ?? ""}
  if [ -z "$swap_mib" ]; then
    while read -r key value _; do if [ "$key" = MemTotal: ]; then swap_mib=$((value / 1024)); fi; done </proc/meminfo
    free_mib=$(($(df --output=avail -k /var/vcap/data | tail -n 1) / 1024))
    if [ "$swap_mib" -gt $((free_mib / 2)) ]; then swap_mib=$((free_mib / 2)); fi
  fi
  (umask 077; fallocate -l "\${swap_mib}M" /var/vcap/data/swapfile.new || dd if=/dev/zero of=/var/vcap/data/swapfile.new bs=1M count="$swap_mib" status=none)
  mkswap -q /var/vcap/data/swapfile.new
  mv /var/vcap/data/swapfile.new /var/vcap/data/swapfile
fi
`;
}

import { z } from "zod";
import { bootIdFunction } from "./boot.ts";

const schema = z.object({
	/** `ID VERSION_ID` of os-release, such as `ubuntu 22.04`. */
	os: z.string(),
	kernel: z.string(),
	/** As `uname -m` says it. */
	arch: z.string(),
	cpus: z.number(),
	memoryMib: z.number(),
	/** Size of the disk that /var/vcap/data is on. */
	dataDiskMib: z.number(),
	bootId: z.string(),
	/** `one`: an unprivileged embedded VM, where root and vcap are the same id. */
	ids: z.enum(["all", "one"]),
	init: z.enum(["systemd", "other"]),
	/** The login user's id was moved away from 1000: close the connection and connect again. */
	reconnect: z.boolean(),
	/** `v1`: releases that know no unified hierarchy run (bpm before 1.1.10, garden-runc before 1.19.26). */
	cgroups: z.enum(["v1", "v2", "none"]),
	appArmor: z.boolean(),
	sudo: z.enum(["sudo", "sudo-rs", "none"]),
	/** What configures the network at boot. */
	network: z.enum(["netplan", "networkd", "networkmanager", "ifupdown", "other"]),
	/** `socket`: systemd listens and starts sshd for it (Ubuntu 22.10 and later): its port and restarts are ssh.socket's. */
	sshd: z.enum(["service", "socket"]),
	/** Nothing in /tmp can be run. */
	tmpNoexec: z.boolean(),
	/** The VM's clock at the end of the script, ms since 1970. */
	clockMs: z.number(),
});

export type MachineFacts = z.infer<typeof schema>;

/** Reads what {@link facts} printed: the last line. Throws a ZodError if that isn't it. */
export function parseFacts(stdout: string): MachineFacts {
	return schema.parse(JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? ""));
}

export const facts = `${bootIdFunction}os_name=''
for file in /etc/os-release /usr/lib/os-release; do
  if [ -r "$file" ]; then os_name=$(. "$file"; echo "\${ID:-linux} \${VERSION_ID:-}"); break; fi
done
read -r kernel </proc/sys/kernel/osrelease
cpus=$(nproc)
while read -r key value _; do if [ "$key" = MemTotal: ]; then memory=$((value / 1024)); fi; done </proc/meminfo
disk=$(($(df --output=size -k /var/vcap/data | tail -n 1) / 1024))
boot_id; boot=$REPLY
json "\${os_name% }"; os_name=$REPLY
json "$kernel"; kernel=$REPLY
init=other ids_word=all
if [ -n "$one_id" ]; then ids_word=one; fi
if [ -d /run/systemd/system ]; then init=systemd; fi
clock=\${EPOCHREALTIME/[.,]/}
printf '{"os":%s,"kernel":%s,"arch":"%s","cpus":%d,"memoryMib":%d,"dataDiskMib":%d,"bootId":"%s","ids":"%s","init":"%s","reconnect":%s,' \\
  "$os_name" "$kernel" "$HOSTTYPE" "$cpus" "$memory" "$disk" "$boot" "$ids_word" "$init" "$reconnect"
printf '"cgroups":"%s","appArmor":%s,"sudo":"%s","network":"%s","sshd":"%s","tmpNoexec":%s,"clockMs":%d}\\n' \\
  "$cgroups" "$app_armor" "$sudo" "$network" "$sshd" "$tmp_noexec" $((clock / 1000))
`;

import { z } from "zod";

const number = z.number();
/** Percentages as BOSH's heartbeat has them; inodes may be unknown to a file system. */
const disk = z.object({ percent: number, inodePercent: number.nullable() });

export const vitalsSchema = z.object({
	/** Load averages over 1, 5 and 15 minutes. */
	load: z.tuple([number, number, number]),
	/** Percent of all processors' time over the last 0.2 s. */
	cpu: z.object({ user: number, sys: number, wait: number }),
	memory: z.object({ usedKb: number, percent: number }),
	swap: z.object({ usedKb: number, percent: number }),
	/** Since its first process started. */
	uptimeSeconds: number,
	/** `persistent` is absent without a mounted disk. */
	disk: z.object({ system: disk, ephemeral: disk, persistent: disk.optional() }),
});

export type Vitals = z.infer<typeof vitalsSchema>;

/** By name, for whoever draws them. */
export function flatVitals({ load, cpu, memory, swap, disk, uptimeSeconds }: Vitals): Readonly<Record<string, number>> {
	const named = (suffix: string, values: Readonly<Record<string, number | null>>) =>
		Object.entries(values).flatMap(([name, value]) => (value === null ? [] : [[`${name}_${suffix}`, value] as const]));
	const [one, five, fifteen] = load;
	const disks = Object.entries(disk).flatMap(([name, found]) =>
		found ? named("percent", { [`${name}_disk`]: found.percent, [`${name}_disk_inode`]: found.inodePercent }) : [],
	);
	return {
		...{ load_1: one, load_5: five, load_15: fifteen, uptime_seconds: uptimeSeconds },
		...Object.fromEntries([
			...named("percent", { cpu_user: cpu.user, cpu_sys: cpu.sys, cpu_wait: cpu.wait }),
			...named("percent", { memory: memory.percent, swap: swap.percent }),
			...disks,
		]),
	};
}

/** Leaves the vitals' JSON in `vitals`; `mount_point` and `mounted` are set. Two forks: sleep and df. */
export const vitalsFunction = `ticks() { read -r _ user nice system idle wait irq soft steal _ </proc/stat; }
percent() { REPLY=0; if [ "$2" -gt 0 ]; then REPLY=$((100 * $1 / $2)); fi; }
vitals() {
  local a b c key value line fields places=(/ /var/vcap/data) names=(system ephemeral) n=0
  local total=0 available=0 swap_total=0 swap_free=0 was_user was_sys was_wait was_all all
  read -r a b c _ </proc/loadavg
  vitals="{\\"load\\":[$a,$b,$c]"
  ticks
  was_user=$((user + nice)) was_sys=$((system + irq + soft)) was_wait=$wait was_all=$((user + nice + system + idle + wait + irq + soft + steal))
  sleep 0.2
  ticks
  all=$((user + nice + system + idle + wait + irq + soft + steal - was_all))
  percent $((user + nice - was_user)) "$all"; vitals+=",\\"cpu\\":{\\"user\\":$REPLY"
  percent $((system + irq + soft - was_sys)) "$all"; vitals+=",\\"sys\\":$REPLY"
  percent $((wait - was_wait)) "$all"; vitals+=",\\"wait\\":$REPLY}"
  while read -r key value _; do
    case $key in
      MemTotal:) total=$value ;;
      MemAvailable:) available=$value ;;
      SwapTotal:) swap_total=$value ;;
      SwapFree:) swap_free=$value ;;
    esac
  done </proc/meminfo
  percent $((total - available)) "$total"; vitals+=",\\"memory\\":{\\"usedKb\\":$((total - available)),\\"percent\\":$REPLY}"
  percent $((swap_total - swap_free)) "$swap_total"; vitals+=",\\"swap\\":{\\"usedKb\\":$((swap_total - swap_free)),\\"percent\\":$REPLY}"
  # The VM is as old as its first process: an embedded one sees its host's /proc/uptime.
  read -r a _ </proc/uptime
  read -r line </proc/1/stat
  read -ra fields <<<"\${line##*) }"
  vitals+=",\\"uptimeSeconds\\":$(((10#\${a/./} - fields[19]) / 100)),\\"disk\\":{"
  if [ "$mounted" = true ]; then places+=("$mount_point") names+=(persistent); fi
  while read -r a b; do
    if [ "$a" = 'Use%' ]; then continue; fi
    a=\${a%\\%} b=\${b%\\%}
    if [ "$b" = - ]; then b=null; fi
    if [ "$n" -gt 0 ]; then vitals+=,; fi
    vitals+="\\"\${names[n]}\\":{\\"percent\\":\${a/-/0},\\"inodePercent\\":$b}"
    n=$((n + 1))
  done < <(df --output=pcent,ipcent "\${places[@]}")
  vitals+='}}'
}
`;

import { bash } from "../bash.ts";

/** Memory and processor time of process trees and of the machine. */
export const resources = bash`
# Memory in KiB, cpu in tenths of a percent of all processors, as monit counts.
declare -A MEMORY TOTAL_MEMORY CPU TOTAL_CPU CHILD_COUNT
declare -A TICKS_BEFORE
MEASURED=0 CPU_COUNT=0 MEMORY_TOTAL=0 PAGE_KB=4 NEW_PROCESS=0

machine_facts() {
  local key value
  while read -r key _; do
    if [[ $key == cpu[0-9]* ]]; then CPU_COUNT=$((CPU_COUNT + 1)); fi
  done </proc/stat
  while read -r key value _; do
    if [[ $key == MemTotal: ]]; then MEMORY_TOTAL=$value; fi
  done </proc/meminfo
  case $HOSTTYPE in aarch64 | ppc64*) PAGE_KB=$(($(getconf PAGESIZE) / 1024)) ;; esac
}

# Every cycle if a check tests a resource; else for those who look, every 60 s, sooner for a new process.
resources_wanted() {
  if ((NOW - MEASURED < 50)); then return 1; fi
  ((RESOURCE_RULES || NOW - MEASURED >= (NEW_PROCESS ? 500 : 6000)))
}

# One look at all processes: each is counted to the nearest supervised process above it.
measure() {
  local folder pid up name elapsed=$((NOW - MEASURED)) ticks share
  local -A parent=() kb=() used=() owner=() root=() sum_kb=() sum_cpu=() count=() ticks_now=()
  for name in "\${CHECKS[@]}"; do
    if [[ -n \${PID[$name]} ]]; then root[\${PID[$name]}]=1; fi
  done
  for folder in /proc/[0-9]*; do
    pid=\${folder##*/}
    # Kernel threads and zombies have no memory.
    if ! read_stat "$pid" || ((STAT_PAGES == 0)); then continue; fi
    ticks=$((STAT_USER + STAT_SYSTEM))
    parent[$pid]=$STAT_PARENT kb[$pid]=$((STAT_PAGES * PAGE_KB)) ticks_now[$pid]=$ticks used[$pid]=0
    if [[ -n \${TICKS_BEFORE[$pid]} ]] && ((ticks > TICKS_BEFORE[$pid])); then
      used[$pid]=$(((ticks - TICKS_BEFORE[$pid]) * 1000 / elapsed / CPU_COUNT))
    fi
  done
  for pid in "\${!parent[@]}"; do
    up=$pid
    while [[ -n $up && $up != 0 && ! -v root[$up] ]]; do up=\${parent[$up]}; done
    if [[ -z $up || $up == 0 ]]; then continue; fi
    sum_kb[$up]=$((\${sum_kb[$up]:-0} + kb[$pid]))
    sum_cpu[$up]=$((\${sum_cpu[$up]:-0} + used[$pid]))
    count[$up]=$((\${count[$up]:-0} + 1))
  done
  TICKS_BEFORE=()
  for pid in "\${!ticks_now[@]}"; do TICKS_BEFORE[$pid]=\${ticks_now[$pid]}; done
  for name in "\${CHECKS[@]}"; do
    pid=\${PID[$name]:-none}
    MEMORY[$name]=\${kb[$pid]} TOTAL_MEMORY[$name]=\${sum_kb[$pid]} CPU[$name]=\${used[$pid]} TOTAL_CPU[$name]=\${sum_cpu[$pid]}
    CHILD_COUNT[$name]=\${count[$pid]:+$((count[$pid] - 1))}
  done
  measure_machine
  MEASURED=$NOW VITALS=1 NEW_PROCESS=0
}

# Load in hundredths, memory and swap in KiB, cpu in tenths of a percent.
declare -A MACHINE CPU_TIMES
measure_machine() {
  local key value user nice system idle wait one five fifteen total free=0 available=0 swap_total=0 swap_free=0
  read -r one five fifteen _ </proc/loadavg
  MACHINE[loadavg1]=$((10#\${one/./})) MACHINE[loadavg5]=$((10#\${five/./})) MACHINE[loadavg15]=$((10#\${fifteen/./}))
  while read -r key value _; do
    case $key in
      MemAvailable:) available=$value ;;
      SwapTotal:) swap_total=$value ;;
      SwapFree:) swap_free=$value ;;
    esac
  done </proc/meminfo
  MACHINE[mem]=$((MEMORY_TOTAL - available)) MACHINE[swap]=$((swap_total - swap_free))
  MACHINE[mem%]=$((MACHINE[mem] * 1000 / MEMORY_TOTAL))
  MACHINE[swap%]=$((swap_total ? MACHINE[swap] * 1000 / swap_total : 0))
  read -r _ user nice system idle wait _ </proc/stat
  total=$((user + nice + system + idle + wait - \${CPU_TIMES[total]:-0}))
  if [[ -v CPU_TIMES[total] ]] && ((total > 0)); then
    MACHINE[cpu-user]=$(((user + nice - CPU_TIMES[user]) * 1000 / total))
    MACHINE[cpu-system]=$(((system - CPU_TIMES[system]) * 1000 / total))
    MACHINE[cpu-wait]=$(((wait - CPU_TIMES[wait]) * 1000 / total))
  fi
  CPU_TIMES=([total]=$((total + \${CPU_TIMES[total]:-0})) [user]=$((user + nice)) [system]=$system [wait]=$wait)
}

# The value of resource $2 of check $1 in VALUE; false while it isn't known.
resource_value() {
  local name=$1
  case \${TYPE[$name]}:$2 in
    *:loadavg* | system:*) VALUE=\${MACHINE[$2]} ;;
    *:cpu) VALUE=\${CPU[$name]} ;;
    *:totalcpu) VALUE=\${TOTAL_CPU[$name]} ;;
    *:mem) VALUE=\${MEMORY[$name]} ;;
    *:mem%) VALUE=\${MEMORY[$name]:+$((MEMORY[$name] * 1000 / MEMORY_TOTAL))} ;;
    *:totalmem) VALUE=\${TOTAL_MEMORY[$name]} ;;
    *:totalmem%) VALUE=\${TOTAL_MEMORY[$name]:+$((TOTAL_MEMORY[$name] * 1000 / MEMORY_TOTAL))} ;;
    *:children) VALUE=\${CHILD_COUNT[$name]} ;;
    *) VALUE='' ;;
  esac
  [[ -n $VALUE ]]
}
`;

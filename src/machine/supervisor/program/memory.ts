import { bash } from "../bash.ts";

/** What is known of each check, and what of it outlives the supervisor. */
export const memory = bash`
# What is known of each check. MONITOR is no, init or yes, as in monit.
declare -A MONITOR PENDING PHASE WANT_STOP WANT_START UNMONITOR_AFTER DEADLINE RUNNING NOT_BEFORE SKIPPED ERRORS
declare -A PID STARTED FULL_LOOK IMPOSTOR RESTARTS START_COUNT CYCLE_COUNT LAST_EXIT LAST_MESSAGE RULE_MAP RULE_STATE LAST_VALUE
# As the last run of the supervisor left it: monitored or not, and which process it saw.
declare -A KEPT_MONITOR KEPT_PID KEPT_STARTED
BOOT='' NEW_BOOT=''

# PID 1's start time tells the boots of containers apart, which share the machine's boot id.
boot_identity() {
  local id
  read -r id </proc/sys/kernel/random/boot_id
  read_stat 1
  BOOT="$id:$STAT_START"
}

# After a reboot every pidfile that lies about is stale; whoever has its number now is an impostor.
recall() {
  local boot name monitor pid started
  boot_identity
  if [[ ! -f memory ]]; then return; fi
  {
    read -r boot
    if [[ $boot != "$BOOT" ]]; then NEW_BOOT=1; fi
    while read -r name monitor pid started; do
      KEPT_MONITOR[$name]=$monitor
      if [[ -z $NEW_BOOT && -n $started ]]; then KEPT_PID[$name]=$pid KEPT_STARTED[$name]=$started; fi
    done
  } <memory
}

remember() {
  local name monitor text="$BOOT"$'\n'
  for name in "\${CHECKS[@]}"; do
    monitor=yes
    if [[ \${MONITOR[$name]} == no && -z \${WANT_START[$name]} ]]; then monitor=no; fi
    text+="$name $monitor \${PID[$name]:+\${PID[$name]} \${STARTED[$name]}}"$'\n'
  done
  if [[ $text != "$REMEMBERED" ]] && replace_file memory "$text"; then REMEMBERED=$text; fi
}

# A file's new content, atomically; false if the disk is full, and then the old content stays.
replace_file() {
  { printf %s "$2" >"$1.new" && mv -f "$1.new" "$1"; } 2>/dev/null
}

new_check() {
  local name=$1
  PHASE[$name]=idle ERRORS[$name]='' RESTARTS[$name]=0
  MONITOR[$name]=no
  if [[ -v KEPT_MONITOR[$name] ]]; then
    if [[ \${KEPT_MONITOR[$name]} == yes ]]; then MONITOR[$name]=init; fi
  elif [[ $AUTOSTART == 1 && \${MODE[$name]} != manual ]]; then MONITOR[$name]=init; fi
  if [[ -n \${KEPT_STARTED[$name]} ]]; then
    PID[$name]=\${KEPT_PID[$name]} STARTED[$name]=\${KEPT_STARTED[$name]}
    LAST_PID[$name]=\${PID[$name]} LAST_STARTED[$name]=\${STARTED[$name]}
  fi
  if [[ -n $NEW_BOOT && -n \${PIDFILE[$name]} ]] && read_pidfile "$name" && read_stat "$READ_PID"; then
    IMPOSTOR[$name]="$READ_PID:$STAT_START"
  fi
}

# The check goes on with another definition: what its old rules counted means nothing now.
changed_check() {
  cancel_probes "$1"
  reset_rules "$1"
  FULL_LOOK[$1]=0 STEADY_UNTIL[$1]=0
}

forget() {
  local name=$1 key
  cancel_probes "$name"
  unset_busy "$name"
  for key in DEFINITION MONITOR PENDING PHASE WANT_STOP WANT_START UNMONITOR_AFTER DEADLINE RUNNING NOT_BEFORE SKIPPED ERRORS \
    PID STARTED FULL_LOOK IMPOSTOR RESTARTS START_COUNT CYCLE_COUNT LAST_EXIT LAST_MESSAGE KEPT_MONITOR; do
    unset -v "$key[$name]"
  done
  reset_rules "$name"
}

reset_rules() {
  local rule
  for rule in \${RULES[$1]}; do unset -v "RULE_MAP[$rule]" "RULE_STATE[$rule]" "LAST_VALUE[$rule]"; done
  ERRORS[$1]='' START_COUNT[$1]=0 CYCLE_COUNT[$1]=0
}

monitor_set() {
  UNMONITOR_AFTER[$1]=''
  if [[ \${MONITOR[$1]} == no ]]; then MONITOR[$1]=init CHANGED=1; fi
}

# monit's hard unmonitor: counters and errors are forgotten.
unmonitor() {
  cancel_probes "$1"
  reset_rules "$1"
  MONITOR[$1]=no STEADY_UNTIL[$1]=0 CHANGED=1
}
`;

import { bash } from "../bash.ts";

/** Brings what was asked for about, one small step at a time, many checks at once. */
export const steps = bash`
# One step of all checks that have something to do, in the table's order.
step_all() {
  local name
  if ((\${#BUSY[@]} == 0)); then return; fi
  for name in "\${CHECKS[@]}"; do
    if [[ -v BUSY[$name] ]]; then step "$name"; fi
  done
}

# One step of a check that has something to do.
step() {
  local name=$1
  case \${PHASE[$name]} in
    stopping) step_stopping "$name" ;;
    starting) step_starting "$name" ;;
  esac
  if [[ \${PHASE[$name]} != idle ]]; then return; fi
  if [[ -n \${WANT_STOP[$name]} ]]; then
    if ! any_open stop \${CHILDREN[$name]}; then begin_stop "$name"; fi
  elif [[ -n \${WANT_START[$name]} ]]; then
    if ! any_open any \${DEPENDS[$name]} && ! any_open stop \${CHILDREN[$name]}; then begin_start "$name"; fi
  else
    PENDING[$name]=''
    unset_busy "$name"
    CHANGED=1
  fi
}

# Remembers the running program in RUNNING (pid) and how long it may take.
run_program() {
  local name=$1 program=$2
  RUNNING[$name]=''
  if spawn "$program" "$name" "$3"; then RUNNING[$name]=$SPAWNED; fi
  DEADLINE[$name]=$((NOW + SECONDS_OF[$program] * 100))
}

# Collects the exit status of a start or stop program that has ended.
program_ended() {
  if [[ -z \${RUNNING[$1]} ]]; then return 0; fi
  ended "\${RUNNING[$1]}" || return 1
  RUNNING[$1]='' LAST_EXIT[$1]=$EXIT CHANGED=1
}

begin_stop() {
  local name=$1
  # A start program that is still at work would bring the process up after the stop: it gets its time first.
  if [[ \${TYPE[$name]} == process && -n \${START_RUNNING[$name]} ]] && ! alive "$name" && ((NOW < START_LIMIT[$name])) && ! start_program_ended "$name"; then return; fi
  WANT_STOP[$name]=''
  if [[ -z \${STOP[$name]} ]]; then stopped "$name"; return; fi
  if [[ \${TYPE[$name]} == process ]] && ! alive "$name"; then stopped "$name"; return; fi
  log "'$name' stop"
  PHASE[$name]=stopping CHANGED=1
  run_program "$name" "\${STOP[$name]}" stop
}

# The process must be gone and the stop program done: it may have more to clean up before the next start.
step_stopping() {
  local name=$1 over=''
  if ((NOW >= DEADLINE[$name])); then over=1; fi
  if [[ \${TYPE[$name]} == process ]] && alive "$name"; then
    if [[ -n $over ]]; then stop_failed "$name"; fi
  elif program_ended "$name" || [[ -n $over ]]; then stopped "$name"; fi
}

stopped() {
  PHASE[$1]=idle CHANGED=1
  if [[ -n \${UNMONITOR_AFTER[$1]} ]]; then unmonitor "$1"; fi
}

stop_failed() {
  local name=$1 child
  PHASE[$name]=idle
  log "'$name' failed to stop"
  if [[ -n \${UNMONITOR_AFTER[$name]} ]]; then
    unmonitor "$name"
    LAST_MESSAGE[$name]='failed to stop'
    return
  fi
  # The restart is tried again in a later cycle, and those that wait for it with it.
  give_up_start "$name" 'failed to stop'
}

# $1 and all that wait for its start: not now. Monitoring brings them back.
give_up_start() {
  local name=$1 child
  WANT_START[$name]='' PENDING[$name]=''
  LAST_MESSAGE[$name]=$2
  monitor_set "$name"
  post "$name:exec" 1 "$2"
  NOT_BEFORE[$name]=$((NOW + CYCLE))
  for child in \${CHILDREN[$name]}; do
    if [[ -n \${WANT_START[$child]} && \${PHASE[$child]} == idle ]]; then give_up_start "$child" "not started, since $name did not start"; fi
  done
}

declare -A START_RUNNING START_LIMIT
start_program_ended() {
  if [[ -z \${START_RUNNING[$1]} ]]; then return 0; fi
  ended "\${START_RUNNING[$1]}" || return 1
  START_RUNNING[$1]='' LAST_EXIT[$1]=$EXIT CHANGED=1
}

begin_start() {
  local name=$1 program=\${START[$1]}
  if [[ \${PENDING[$name]} == restart && -n \${RESTART[$name]} && -z $program ]]; then program=\${RESTART[$name]}; fi
  WANT_START[$name]=''
  if [[ -z $program ]]; then started "$name"; return; fi
  if [[ \${TYPE[$name]} == process ]] && alive "$name"; then started "$name"; return; fi
  PHASE[$name]=starting CHANGED=1
  # Never two start programs of one check at once, unless the first one hangs for twice its time.
  if ! start_program_ended "$name" && ((NOW < START_LIMIT[$name])); then
    DEADLINE[$name]=$((NOW + SECONDS_OF[$program] * 100))
    return
  fi
  log "'$name' start"
  LAST_PID[$name]='' LAST_STARTED[$name]='' LAST_MESSAGE[$name]='' FULL_LOOK[$name]=0
  run_program "$name" "$program" start
  START_RUNNING[$name]=\${RUNNING[$name]} RUNNING[$name]=''
  START_LIMIT[$name]=$((NOW + SECONDS_OF[$program] * 200))
}

step_starting() {
  local name=$1
  start_program_ended "$name"
  # A stop is asked for and the start program is done: a process that comes late gets 3 s.
  if [[ -n \${WANT_STOP[$name]} && -z \${START_RUNNING[$name]} ]] && ((DEADLINE[$name] > NOW + 300)); then DEADLINE[$name]=$((NOW + 300)); fi
  if [[ \${TYPE[$name]} == process ]]; then
    if alive "$name"; then started "$name"
    elif ((NOW >= DEADLINE[$name])); then start_failed "$name"; fi
  elif [[ -z \${START_RUNNING[$name]} ]]; then started "$name"
  elif ((NOW >= DEADLINE[$name])); then start_failed "$name"; fi
}

# Its tests begin a cycle later, as in monit, which sleeps a cycle after each start: a port needs time to open.
started() {
  PHASE[$1]=idle CHANGED=1
  if [[ -n \${UNMONITOR_AFTER[$1]} ]]; then return; fi
  if [[ \${TYPE[$1]} == process ]]; then
    post "$1:missing" 0 'process is running'
    MONITOR[$1]=yes
  else monitor_set "$1"; fi
  post "$1:exec" 0 started
  NOT_BEFORE[$1]=$((NOW + CYCLE))
}

start_failed() {
  PHASE[$1]=idle
  log "'$1' failed to start"
  if [[ -n \${UNMONITOR_AFTER[$1]} ]]; then return; fi
  give_up_start "$1" "failed to start\${LAST_EXIT[$1]:+ (its start program gave \${LAST_EXIT[$1]})}"
}
`;

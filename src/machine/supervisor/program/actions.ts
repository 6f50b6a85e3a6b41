import { bash } from "../bash.ts";

/** What start, stop, restart, monitor and unmonitor ask of a check and of those it hangs together with (monit: control.c). */
export const actions = bash`
# Start and stop are asked for by WANT_* flags; what depends on what decides when each begins. Many run at once.
declare -A BUSY

set_busy() { BUSY[$1]=1 STEADY_UNTIL[$1]=0 CHANGED=1; }
unset_busy() { unset -v "BUSY[$1]"; }

want_stop() {
  local child
  if [[ -v VISITED[stop:$1] ]]; then return; fi
  VISITED[stop:$1]=1
  for child in \${CHILDREN[$1]}; do want_stop "$child"; done
  cancel_probes "$1"
  WANT_STOP[$1]=1 WANT_START[$1]=''
  set_busy "$1"
}

want_start() {
  local parent
  if [[ -v VISITED[start:$1] || ! -v TYPE[$1] ]]; then return; fi
  VISITED[start:$1]=1
  for parent in \${DEPENDS[$1]}; do want_start "$parent"; done
  WANT_START[$1]=1 UNMONITOR_AFTER[$1]=''
  set_busy "$1"
}

# Those that depend on $1 follow it, if they were monitored.
want_start_children() {
  local child
  for child in \${CHILDREN[$1]}; do
    if [[ \${MONITOR[$child]} == no ]]; then continue; fi
    want_start "$child"
    want_start_children "$child"
  done
}

request_start() {
  local -A VISITED=()
  local child
  PENDING[$1]=start
  if [[ \${TYPE[$1]} == process ]]; then
    if [[ \${PHASE[$1]} == idle && -z \${WANT_STOP[$1]} ]] && alive "$1"; then PENDING[$1]=''; monitor_set "$1"; return 0; fi
    if [[ -z \${START[$1]} ]]; then PENDING[$1]=''; log "'$1' has no start program"; monitor_set "$1"; return 0; fi
  fi
  for child in \${CHILDREN[$1]}; do
    if [[ -n \${PID[$child]} && \${MONITOR[$child]} != no ]]; then want_stop "$child"; fi
  done
  want_start "$1"
  want_start_children "$1"
}

request_stop() {
  local -A VISITED=()
  local key
  if [[ \${TYPE[$1]} == process && -z \${STOP[$1]} ]]; then
    log "'$1' has no stop program"
    unmonitor "$1"
    return 0
  fi
  want_stop "$1"
  for key in "\${!VISITED[@]}"; do UNMONITOR_AFTER[\${key#stop:}]=1 PENDING[\${key#stop:}]=stop; done
}

request_restart() {
  local -A VISITED=()
  if [[ \${TYPE[$1]} == process && -z \${RESTART[$1]} && (-z \${START[$1]} || -n \${PID[$1]} && -z \${STOP[$1]}) ]]; then
    log "'$1' can't be restarted: it has no start or no stop program"
    monitor_set "$1"
    return 0
  fi
  log "'$1' trying to restart"
  want_stop "$1"
  PENDING[$1]=restart
  want_start "$1"
  want_start_children "$1"
}

request_monitor() {
  local -A VISITED=()
  monitor_with_parents "$1"
}

monitor_with_parents() {
  local parent
  if [[ -v VISITED[$1] || ! -v TYPE[$1] ]]; then return; fi
  VISITED[$1]=1
  for parent in \${DEPENDS[$1]}; do monitor_with_parents "$parent"; done
  monitor_set "$1"
}

request_unmonitor() {
  local child
  for child in \${CHILDREN[$1]}; do request_unmonitor "$child"; done
  if [[ \${MONITOR[$1]} != no ]]; then log "'$1' unmonitor"; fi
  if [[ -n \${WANT_START[$1]} && \${PHASE[$1]} == idle ]]; then WANT_START[$1]='' PENDING[$1]=''; fi
  unmonitor "$1"
  UNMONITOR_AFTER[$1]=1
}

# True while any of the named checks still has to stop, or also to start with $1 = any.
any_open() {
  local what=$1 name
  shift
  for name; do
    if [[ -n \${WANT_STOP[$name]} || \${PHASE[$name]} == stopping ]]; then return 0; fi
    if [[ $what == any && (-n \${WANT_START[$name]} || \${PHASE[$name]} == starting) ]]; then return 0; fi
  done
  return 1
}
`;

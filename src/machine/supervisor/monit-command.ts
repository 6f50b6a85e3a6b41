import { bash } from "./bash.ts";

/** The text of `/var/vcap/bosh/bin/monit`: asks the supervisor, and prints what monit 5.2.5 prints. */
export const monitCommand = bash`
#!/bin/bash
# Written by davit: answers as the monit that BOSH ships (5.2.5), for the scripts of jobs and for people.
ROOT=\${DAVIT_SUPERVISOR_ROOT:-/var/vcap/davit/supervisor}
LC_ALL=C
shopt -s extglob

usage() {
  cat <<'TEXT'
Usage: monit [-g GROUP] COMMAND
 start|stop|restart all|NAME   start, stop or restart the service, and what depends on it
 monitor|unmonitor all|NAME    watch over the service, or leave it alone
 status [NAME]                 everything that is known of the services
 summary                       one line a service
 reload                        read the table of checks again
 validate                      check all services now
 quit                          end the supervisor; the services run on
With -g GROUP, a command for \`all\` or without a name is for the services of that group.
TEXT
}

fail() {
  printf 'monit: %s\n' "$*" >&2
  exit 1
}

# True if the supervisor lives. Its beat is at most 5 s old, but a busy machine gets a minute.
supervisor_lives() {
  local line uptime beat=0
  [[ -f $ROOT/state.json && -f $ROOT/heartbeat ]] || return 1
  read -r line <"$ROOT/state.json"
  [[ $line =~ \"pid\":([0-9]+),\"started\":([0-9]+) ]] || return 1
  SUPERVISOR=\${BASH_REMATCH[1]} BEGUN=\${BASH_REMATCH[2]}
  read -r uptime _ </proc/uptime
  NOW=$((10#\${uptime/./}))
  read -r beat <"$ROOT/heartbeat"
  [[ -e /proc/$SUPERVISOR ]] && ((beat <= NOW && NOW - beat < 6000))
}

# Just after a boot it may be about to start: it gets a minute.
supervisor_comes() {
  local tries uptime
  for tries in {120..0}; do
    if [[ -p $ROOT/commands ]] && supervisor_lives; then return; fi
    read -r uptime _ </proc/uptime
    if ((!tries || 10#\${uptime%.*} > 300)); then return 1; fi
    sleep 0.5
  done
}

# Sends a command and waits for its answer; the work itself goes on after that, as with monit.
send() {
  local reply="$ROOT/reply.$$" state text fd
  supervisor_comes || fail "Cannot connect to the monit daemon. Is davit's supervisor running?"
  rm -f "$reply"
  mkfifo -m 600 "$reply" || fail "cannot write in $ROOT"
  trap 'rm -f "$reply"' EXIT
  exec {fd}<>"$reply"
  printf '%s\n' "$reply $*" 1<>"$ROOT/commands" >&1
  read -r -t 30 -u "$fd" state text || fail "the supervisor does not answer"
  rm -f "$reply"
  trap - EXIT
  if ((state)); then fail "action failed -- $text"; fi
}

# Reads one check's line of state.json into FIELD.
declare -A FIELD
read_check() {
  local rest=$1 key
  FIELD=()
  while [[ $rest =~ ^[{,]?\"([a-zA-Z]+)\":(\"([^\"\\]|\\.)*\"|[^,}]*)(.*)$ ]]; do
    key=\${BASH_REMATCH[1]} rest=\${BASH_REMATCH[4]}
    FIELD[$key]=\${BASH_REMATCH[2]#\"}
    FIELD[$key]=\${FIELD[$key]%\"}
  done
  [[ -n \${FIELD[name]} ]]
}

declare -A TYPE_WORDS=(
  [process]=Process [file]=File [directory]=Directory [fifo]=Fifo [filesystem]=Filesystem [host]='Remote Host' [system]=System [program]=Program
)

# monit's words for the state: well-being is called differently for each type, and what is asked for is pending.
monit_status() {
  local status=\${FIELD[status]}
  case \${FIELD[type]}:$status in
    file:running | directory:running | fifo:running | filesystem:running) status=accessible ;;
    host:running) status='online with all services' ;;
    program:running) status='status ok' ;;
    *:starting | *:stopping) if [[ \${FIELD[monitored]} == false || \${FIELD[pending]} == stop ]]; then status='not monitored'; else status=initializing; fi ;;
    *:running | *:initializing | *:'not monitored') ;;
    *:gid* | *:uid* | *:pid* | *:ppid* | *:icmp*) status=\${status%% *}; status="\${status^^} \${FIELD[status]#* }" ;;
    *) status=\${status^} ;;
  esac
  if [[ -n \${FIELD[pending]} ]]; then status+=" - \${FIELD[pending]} pending"; fi
  STATUS=$status
}

duration() {
  local seconds=$1
  DURATION=''
  if ((seconds >= 86400)); then DURATION+="$((seconds / 86400))d "; fi
  if ((seconds >= 3600)); then DURATION+="$((seconds % 86400 / 3600))h "; fi
  DURATION+="$((seconds % 3600 / 60))m "
}

header() {
  supervisor_lives || fail "no status available -- the monit daemon is not running"
  duration $(((NOW - BEGUN) / 100))
  printf 'The Monit daemon 5.2.5 uptime: %s\n\n' "$DURATION"
}

summary() {
  local line
  header
  while read -r line; do
    if ! read_check "$line"; then continue; fi
    monit_status
    printf '%-35s %s\n' "\${TYPE_WORDS[\${FIELD[type]}]} '\${FIELD[name]}'" "$STATUS"
  done <"$ROOT/state.json"
  printf '%-35s %s\n' "System 'system_$HOSTNAME'" running
}

tenths() { if [[ $1 == null ]]; then TENTHS=0.0; else TENTHS=$(($1 / 10)).$(($1 % 10)); fi; }

status_line() { printf '  %-33s %s\n' "$@"; }

status_of_process() {
  if [[ \${FIELD[pid]} == null ]]; then return; fi
  status_line pid "\${FIELD[pid]}"
  if [[ \${FIELD[started]} != null ]]; then
    duration $(((NOW - FIELD[started]) / 100))
    status_line uptime "$DURATION"
  fi
  status_line children "\${FIELD[children]/null/0}"
  status_line 'memory kilobytes' "\${FIELD[memKb]/null/0}"
  status_line 'memory kilobytes total' "\${FIELD[totalMemKb]/null/0}"
  tenths "\${FIELD[cpu]}"
  status_line 'cpu percent' "$TENTHS%"
  tenths "\${FIELD[totalCpu]}"
  status_line 'cpu percent total' "$TENTHS%"
}

status() {
  local line monitoring
  header
  while read -r line; do
    if ! read_check "$line" || [[ -n $1 && $1 != "\${FIELD[name]}" ]]; then continue; fi
    monit_status
    monitoring='not monitored'
    if [[ \${FIELD[monitored]} == true ]]; then monitoring=monitored; fi
    printf "%s '%s'\n" "\${TYPE_WORDS[\${FIELD[type]}]}" "\${FIELD[name]}"
    status_line status "$STATUS"
    status_line 'monitoring status' "$monitoring"
    if [[ \${FIELD[type]} == process ]]; then status_of_process; fi
    if [[ \${FIELD[exitStatus]} != null ]]; then status_line 'last exit value' "\${FIELD[exitStatus]}"; fi
    if [[ -n \${FIELD[message]} ]]; then status_line 'last message' "\${FIELD[message]}"; fi
    printf '  %-33s %(%a %b %e %H:%M:%S %Y)T\n\n' 'data collected' -1
  done <"$ROOT/state.json"
}

GROUP=''
WORDS=()
while (($#)); do
  case $1 in
    -g) GROUP=$2; shift ;;
    -c | -d | -l | -p | -s) shift ;;
    -V) echo "This is davit's supervisor, which answers as Monit version 5.2.5"; exit 0 ;;
    -h) usage; exit 0 ;;
    -t) echo "Control file syntax OK"; exit 0 ;;
    -*) ;;
    *) WORDS+=("$1") ;;
  esac
  shift
done
case \${WORDS[0]} in
  start | stop | restart | monitor | unmonitor)
    if [[ -n $GROUP && \${WORDS[1]:-all} == all ]]; then send "\${WORDS[0]}" "@$GROUP"
    elif ((\${#WORDS[@]} > 1)); then send "\${WORDS[@]}"
    else fail "please specify the configured service name or 'all' after \${WORDS[0]}"; fi
    ;;
  status) status "\${WORDS[1]}" ;;
  summary) summary ;;
  reload | quit | reexec) send "\${WORDS[0]}"; if [[ \${WORDS[0]} == reload ]]; then echo 'Reinitializing monit daemon'; fi ;;
  validate | '') send validate ;;
  *) fail "invalid argument -- \${WORDS[0]}  (-h will show valid arguments)" ;;
esac
`;

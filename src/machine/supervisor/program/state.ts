import { bash } from "../bash.ts";

/** state.json for davit's probe and for the monit command, and the heartbeat. */
export const state = bash`
# monit's words for what is wrong, the first one that applies (event.c of 5.2.5).
EVENTS=(connection data exec fsflag gid icmp invalid nonexist permission pid ppid resource size timeout timestamp uid status uptime)
declare -A EVENT_WORDS=(
  [connection]='connection failed' [data]='data access error' [exec]='execution failed' [gid]='gid failed' [icmp]='icmp failed'
  [invalid]='invalid type' [nonexist]='does not exist' [permission]='permission failed' [pid]='pid changed' [ppid]='ppid changed'
  [resource]='resource limit matched' [size]='size failed' [timeout]='timeout' [timestamp]='timestamp failed' [uid]='uid failed'
  [status]='status failed' [uptime]='uptime failed'
)

# The check's state in STATUS; \`running\` stands for well-being of any type.
status_of() {
  local event
  case \${MONITOR[$1]} in
    no) STATUS='not monitored' ;;
    init) STATUS=initializing ;;
    *) STATUS=running ;;
  esac
  if [[ \${MONITOR[$1]} != no ]]; then
    for event in "\${EVENTS[@]}"; do
      if [[ \${ERRORS[$1]} == *" $event "* ]]; then STATUS=\${EVENT_WORDS[$event]}; break; fi
    done
  fi
  if [[ \${PHASE[$1]} == starting || -n \${WANT_START[$1]} && \${MONITOR[$1]} == no ]]; then STATUS=starting; fi
  if [[ \${PHASE[$1]} == stopping || -n \${WANT_STOP[$1]} && -n \${PID[$1]} ]]; then STATUS=stopping; fi
}

json_text() {
  JSON=\${1//\\/\\\\}
  JSON=\${JSON//\"/\\\"}
  JSON=\"\${JSON//[[:cntrl:]]/ }\"
}

# While a stop waits for a start program, that program is the process: whoever waits for the end must see one.
json_check() {
  local name=$1 monitored=true pid=\${PID[$1]:-null} started=\${STARTED[$1]} message
  if [[ \${MONITOR[$name]} == no && -z \${WANT_START[$name]} && \${PHASE[$name]} != starting ]]; then monitored=false; fi
  if [[ $pid == null && \${PENDING[$name]} == stop && -n \${START_RUNNING[$name]} ]]; then pid=\${START_RUNNING[$name]}; fi
  status_of "$name"
  message=\${LAST_MESSAGE[$name]}
  if [[ $STATUS == running ]]; then message=''; fi
  JSON='""'
  if [[ -n $message ]]; then json_text "$message"; fi
  LINE="{\"name\":\"$name\",\"type\":\"\${TYPE[$name]}\",\"status\":\"$STATUS\",\"monitored\":$monitored,\"pending\":\"\${PENDING[$name]}\""
  LINE+=",\"pid\":$pid,\"started\":\${started:-null},\"memKb\":\${MEMORY[$name]:-null},\"totalMemKb\":\${TOTAL_MEMORY[$name]:-null}"
  LINE+=",\"cpu\":\${CPU[$name]:-null},\"totalCpu\":\${TOTAL_CPU[$name]:-null},\"children\":\${CHILD_COUNT[$name]:-null}"
  LINE+=",\"restarts\":\${RESTARTS[$name]:-0},\"exitStatus\":\${LAST_EXIT[$name]:-null},\"message\":$JSON}"
}

# One check a line, so that a shell can read it as well; names need no escapes (the parser sees to it). Times are hundredths of a second of uptime, cpu is tenths of a percent.
write_state() {
  local name text separator=''
  remember
  write_health
  text="{\"version\":1,\"pid\":$$,\"started\":$BEGUN,\"cycle\":$CYCLE,\"checks\":["
  for name in "\${CHECKS[@]}"; do
    json_check "$name"
    text+="$separator"$'\n'"$LINE"
    separator=,
  done
  text+=$'\n]}\n'
  NEXT_STATE=$((NOW + \${#CHECKS[@]} / 4))
  if [[ $text == "$WRITTEN" ]] || replace_file state.json "$text"; then
    WRITTEN=$text CHANGED='' VITALS=''
  else NEXT_STATE=$((NOW + 100)); fi
}

# A file whose content shows that the supervisor is alive; written in place, without a fork. It is not emptied first, and always as
# long: a reader in between would take an empty one for the supervisor's death.
heartbeat() {
  if ((NOW >= NEXT_HEARTBEAT)); then
    { printf '%12d\n' "$NOW" 1<>heartbeat >&1; } 2>/dev/null
    NEXT_HEARTBEAT=$((NOW + 500))
  fi
}
`;

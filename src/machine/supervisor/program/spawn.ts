import { bash } from "../bash.ts";

/** Runs start, stop and exec programs in the environment that monit gives them. */
export const spawn = bash`
# The number of a user or group from /etc/passwd or /etc/group, in ID; digits are taken as they are.
id_of() {
  local name number
  ID=$2
  if [[ $2 == +([0-9]) ]]; then return 0; fi
  while IFS=: read -r name _ number _; do
    if [[ $name == "$2" ]]; then ID=$number; return 0; fi
  done <"/etc/$1"
  return 1
}

# The full command of program $1 for check $2 in COMMAND: monit's bare environment, its own session, the asked user.
command_of() {
  local words privileges=()
  eval "words=(\${WORDS[$1]})"
  if [[ ! -f \${words[0]} || ! -x \${words[0]} ]]; then
    LAST_MESSAGE[$2]="\${words[0]} can't be executed"
    return 1
  fi
  if [[ -n \${GROUP_OF[$1]} ]]; then
    id_of group "\${GROUP_OF[$1]}" || { LAST_MESSAGE[$2]="there is no group \${GROUP_OF[$1]}"; return 1; }
    privileges+=(--regid "$ID" --clear-groups)
  fi
  if [[ -n \${USER_OF[$1]} ]]; then
    id_of passwd "\${USER_OF[$1]}" || { LAST_MESSAGE[$2]="there is no user \${USER_OF[$1]}"; return 1; }
    privileges+=(--reuid "$ID")
    if [[ -z \${GROUP_OF[$1]} ]]; then privileges+=(--keep-groups); fi
  fi
  COMMAND=(env -i PATH=/bin:/usr/bin:/sbin:/usr/sbin "MONIT_SERVICE=$2" "MONIT_EVENT=$3" "MONIT_PROCESS_PID=\${PID[$2]:-0}" setsid)
  if ((\${#privileges[@]})); then COMMAND+=(setpriv "\${privileges[@]}"); fi
  COMMAND+=("\${words[@]}")
}

# Starts program $1 for check $2 and comes back at once; SPAWNED is its pid. Its output goes nowhere, as with monit:
# a daemon that keeps it open would fill the disk.
spawn() {
  SPAWNED=''
  if ! command_of "$@"; then
    log "'$2' \${LAST_MESSAGE[$2]}"
    return 1
  fi
  (
    exec {COMMANDS_FD}>&- {LOCK_FD}>&- </dev/null >/dev/null 2>&1
    exec "\${COMMAND[@]}"
  ) &
  SPAWNED=$!
}

# True if our child $1 has ended; its exit status is in EXIT.
ended() {
  if read_stat "$1" && [[ $STAT_STATE != [ZX] && $STAT_PARENT == "$BASHPID" ]]; then return 1; fi
  wait "$1"
  EXIT=$?
}
`;

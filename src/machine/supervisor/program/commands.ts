import { bash } from "../bash.ts";

/** Commands that come over the FIFO. */
export const commands = bash`
# The next command in COMMAND, if one comes within WAIT. Only its first character is waited for so briefly: bash forgets what it
# has read of a line when the time is up, even a whole line if that is the moment it reads the line's end.
next_command() {
  local rest
  COMMAND=''
  IFS= read -r -N 1 -t "$WAIT" -u "$COMMANDS_FD" COMMAND
  if [[ -z $COMMAND || $COMMAND == $'\n' ]]; then return 1; fi
  IFS= read -r -t 5 -u "$COMMANDS_FD" rest
  COMMAND+=$rest
}

# A command comes as one line on the FIFO: where to answer, what to do, with which checks (\`all\`, \`@group\`, names).
handle_command() {
  local reply=\${1%% *} rest=\${1#* } action asked='' name names=() answer=0 text=''
  action=\${rest%% *}
  if [[ $rest == *' '* ]]; then asked=\${rest#* }; fi
  now
  for name in $asked; do
    if [[ $name == all ]]; then names+=("\${CHECKS[@]}")
    elif [[ $name == @* ]]; then add_group "\${name#@}"
    elif [[ -v TYPE[$name] && " \${CHECKS[*]} " == *" $name "* ]]; then names+=("$name")
    else answer=1 text="There is no service by that name: $name"; fi
  done
  case $action in
    start | stop | restart | monitor | unmonitor)
      for name in "\${names[@]}"; do
        log "$action '$name' on user request"
        "request_$action" "$name"
      done
      ;;
    reload) load_table || { answer=1 text='the table was refused; see the log'; } ;;
    validate) NEXT_CYCLE=$NOW ;;
    status) ;;
    reexec) reexec "$reply" ;;
    quit) if (($$ == 1)); then answer=1 text='the first process of a machine goes on'; else LEAVING=1; fi ;;
    *) answer=1 text="unknown action $action" ;;
  esac
  step_all
  write_state
  answer "$reply" "$answer" "$text"
}

add_group() {
  local name
  for name in "\${CHECKS[@]}"; do
    if [[ \${GROUPS_OF[$name]} == *" $1 "* ]]; then names+=("$name"); fi
  done
}

# Opened for both directions, a FIFO blocks nobody when its reader has gone.
answer() {
  if [[ $1 != - && -p $1 ]]; then { printf '%s %s\n' "$2" "$3" 1<>"$1" >&1; } 2>/dev/null; fi
}

# Goes on as the program that is installed now, under the same pid.
reexec() {
  write_state
  answer "$1" 0
  log "goes on as the installed program"
  exec {LOCK_FD}>&-
  exec bash "$ROOT/run"
}
`;

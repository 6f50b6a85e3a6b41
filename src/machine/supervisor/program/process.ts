import { bash } from "../bash.ts";

/** Whether a check's process lives, by pidfile or command line, without a fork. */
export const process = bash`
# /proc/PID/stat of $1 in STAT_*; false if there is no such process. The name in it may hold blanks and parentheses.
read_stat() {
  local command
  [[ -e /proc/$1/stat ]] || return 1
  read -r _ command STAT_STATE STAT_PARENT _ _ _ _ _ _ _ _ _ STAT_USER STAT_SYSTEM _ _ _ _ _ _ STAT_START _ STAT_PAGES _ </proc/$1/stat || return 1
  if [[ $command == *')' && $STAT_PARENT == +([0-9]) && $STAT_PAGES == +([0-9]) ]]; then return 0; fi
  read -r -d '' command </proc/$1/stat
  set -- \${command##*) }
  STAT_STATE=$1 STAT_PARENT=$2 STAT_USER=\${12} STAT_SYSTEM=\${13} STAT_START=\${20} STAT_PAGES=\${22}
  [[ -n $STAT_START ]]
}

# The number in the check's pidfile in READ_PID: whatever its owner, with blanks and line breaks around it, empty, or not there yet.
read_pidfile() {
  local file=\${PIDFILE[$1]} text=''
  READ_PID=''
  [[ -f $file ]] || return 1
  read -r -N 64 text <"$file"
  if [[ $text =~ ^[[:space:]]*([0-9]{1,9})([[:space:]]|$) ]]; then READ_PID=$((10#\${BASH_REMATCH[1]})); fi
  ((READ_PID > 0))
}

# The oldest process whose command line matches, in READ_PID.
find_matching() {
  local pattern=\${MATCHING[$1]} folder words oldest=''
  READ_PID=''
  for folder in /proc/[0-9]*; do
    [[ -r $folder/cmdline && \${folder##*/} != "$$" ]] || continue
    mapfile -d '' -t words <"$folder/cmdline"
    if [[ \${#words[@]} -gt 0 && \${words[*]} =~ $pattern ]] && read_stat "\${folder##*/}" && [[ $STAT_STATE != [ZX] ]]; then
      if [[ -z $oldest ]] || ((STAT_START < oldest)); then READ_PID=\${folder##*/} oldest=$STAT_START; fi
    fi
  done
  [[ -n $READ_PID ]]
}

# True if the check's process lives; keeps PID and STARTED. A zombie is dead. A number that was seen with another
# start time belongs to someone else, until a start program has run. Within 10 s only the known process is looked at.
alive() {
  local name=$1 pages
  if [[ -n \${PID[$name]} && $NOW -lt \${FULL_LOOK[$name]:-0} && -e /proc/\${PID[$name]}/statm ]]; then
    read -r _ pages _ </proc/\${PID[$name]}/statm
    if [[ $pages != 0 ]]; then return 0; fi
  fi
  if [[ -n \${MATCHING[$name]} ]]; then find_matching "$name"; else read_pidfile "$name"; fi
  if [[ -n $READ_PID ]] && read_stat "$READ_PID" && [[ $STAT_STATE != [ZX] && \${IMPOSTOR[$name]} != "$READ_PID:$STAT_START" ]]; then
    if [[ $READ_PID == "\${LAST_PID[$name]}" && $STAT_START != "\${LAST_STARTED[$name]}" ]]; then
      IMPOSTOR[$name]="$READ_PID:$STAT_START"
    else
      if [[ \${PID[$name]} != "$READ_PID" || \${STARTED[$name]} != "$STAT_START" ]]; then CHANGED=1 NEW_PROCESS=1; fi
      PID[$name]=$READ_PID STARTED[$name]=$STAT_START LAST_PID[$name]=$READ_PID LAST_STARTED[$name]=$STAT_START
      FULL_LOOK[$name]=$((NOW + 1000))
      return 0
    fi
  fi
  if [[ -n \${PID[$name]} ]]; then
    PID[$name]='' STARTED[$name]='' CHANGED=1
  fi
  return 1
}
declare -A LAST_PID LAST_STARTED
`;

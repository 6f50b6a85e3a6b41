import { bash } from "../bash.ts";

/** The loop. */
export const main = bash`
leave() {
  log "ends; the jobs run on"
  write_state
  exit 0
}

# One supervisor at a time; a child of one that was killed may hold the lock for a moment more. The FIFO is opened for both directions, so that it never ends.
begin() {
  exec {LOCK_FD}>>lock
  if ! flock -w 3 "$LOCK_FD"; then log "another supervisor is at work"; exit 1; fi
  [[ -p commands ]] || { rm -f commands && mkfifo -m 600 commands; }
  exec {COMMANDS_FD}<>commands
  trap leave TERM INT
  trap 'printf "%s\n" "- reload" >&$COMMANDS_FD' HUP
  now
  machine_facts
  recall
  AUTOSTART=0 CYCLE=1000 BEGUN=$NOW NEXT_HEARTBEAT=0 NEXT_STATE=0
  load_table
  NEW_BOOT=''
  NEXT_CYCLE=$NOW
  log "begins with \${#CHECKS[@]} checks"
}

# How long to wait for a command: little while something is under way, else until the next cycle.
wait_time() {
  local until=$NEXT_CYCLE
  if ((NEXT_HEARTBEAT < until)); then until=$NEXT_HEARTBEAT; fi
  if [[ -n $CHANGED ]] && ((NEXT_STATE < until)); then until=$NEXT_STATE; fi
  if ((\${#BUSY[@]} || PROBES)) && ((NOW + 10 < until)); then until=$((NOW + 10)); fi
  if ((until <= NOW)); then until=$((NOW + 1)); fi
  printf -v WAIT '%d.%02d' $(((until - NOW) / 100)) $(((until - NOW) % 100))
}

begin
while [[ -z $LEAVING ]]; do
  now
  step_all
  if ((PROBES)); then collect_probes; fi
  if ((NOW >= NEXT_CYCLE)); then
    cycle
    NEXT_CYCLE=$((NOW + CYCLE))
  fi
  if [[ -n $CHANGED || -n $VITALS ]] && ((NOW >= NEXT_STATE)); then write_state; fi
  heartbeat
  wait_time
  if next_command; then handle_command "$COMMAND"; fi
done
leave
`;

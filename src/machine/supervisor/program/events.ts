import { bash } from "../bash.ts";

/** From results of tests to actions. */
export const events = bash`
# monit's event rules (event.c of 5.2.5): each rule remembers its last 64 results as bits. It turns failed when at least
# TIMES of the last CYCLES are bad, and passed the same way; while it is failed, each further bad result acts again.
post() {
  local rule=$1 bad=$2 message=$3 name=\${RULE_CHECK[$1]} map=\${RULE_MAP[$1]} state=\${RULE_STATE[$1]:-init}
  local times=\${FAILED_TIMES[$1]} cycles=\${FAILED_CYCLES[$1]} action=\${FAILED_ACTION[$1]} program=$1:FAILED target=failed
  local bit count=0 changed=''
  if [[ -z $map && $bad == 0 ]]; then return 0; fi
  if ((!bad)); then
    times=\${PASSED_TIMES[$rule]} cycles=\${PASSED_CYCLES[$rule]} action=\${PASSED_ACTION[$rule]} program=$rule:PASSED target=passed
  fi
  map=$((map << 1 | bad))
  RULE_MAP[$rule]=$map
  if [[ $target == passed && $state == init && \${ERRORS[$name]} != *" \${RULE_EVENT[$rule]} "* ]]; then return 0; fi
  for ((bit = 0; bit < cycles; bit++)); do
    if (((map >> bit & 1) == bad)); then ((count++)); fi
  done
  if [[ $state != "$target" ]] && ((count >= times)); then
    changed=1 state=$target
    RULE_STATE[$rule]=$target
  fi
  if [[ -z $changed && ($state != failed || $bad == 0) ]]; then return 0; fi
  if [[ -n $changed ]]; then log "'$name' $message"; fi
  if [[ $target == failed ]]; then add_error "$name" "\${RULE_EVENT[$rule]}"; else remove_error "$name" "\${RULE_EVENT[$rule]}"; fi
  if [[ $target == failed && \${RULE_EVENT[$rule]} != exec ]]; then LAST_MESSAGE[$name]=$message; fi
  act "$name" "$action" "$program"
}

add_error() {
  STEADY_UNTIL[$1]=0
  if [[ \${ERRORS[$1]} != *" $2 "* ]]; then ERRORS[$1]+=" $2 " CHANGED=1; fi
}

# One event may have several rules; it is over when one of them says so, as in monit.
remove_error() {
  if [[ \${ERRORS[$1]} == *" $2 "* ]]; then ERRORS[$1]=\${ERRORS[$1]/" $2 "/} CHANGED=1; fi
}

act() {
  local name=$1 action=$2 program=$3
  case $action in
    alert) return ;;
    exec)
      log "'$name' exec"
      spawn "$program" "$name" exec
      return
      ;;
    restart | start)
      START_COUNT[$name]=$((\${START_COUNT[$name]:-0} + 1))
      if [[ \${MODE[$name]} == passive ]]; then return; fi
      if [[ \${MONITOR[$name]} == yes ]]; then RESTARTS[$name]=$((\${RESTARTS[$name]:-0} + 1)) CHANGED=1; fi
      ;;
    stop) if [[ \${MODE[$name]} == passive ]]; then return; fi ;;
  esac
  "request_$action" "$name"
}

# \`if N restarts within M cycles\`: cycles are counted from the first restart on.
check_restarts() {
  local name=$1 rule words longest=0
  if ((\${START_COUNT[$name]:-0} > 0)); then CYCLE_COUNT[$name]=$((\${CYCLE_COUNT[$name]:-0} + 1)); fi
  for rule in \${RULES[$name]}; do
    if [[ \${RULE_KIND[$rule]} != restarts ]]; then continue; fi
    eval "words=(\${RULE_ARGUMENTS[$rule]})"
    if ((words[1] > longest)); then longest=\${words[1]}; fi
    if ((\${START_COUNT[$name]:-0} >= words[0] && \${CYCLE_COUNT[$name]:-0} <= words[1])); then
      post "$rule" 1 "service restarted \${START_COUNT[$name]} times within \${CYCLE_COUNT[$name]} cycles"
    fi
  done
  if ((\${CYCLE_COUNT[$name]:-0} > longest)); then START_COUNT[$name]=0 CYCLE_COUNT[$name]=0; fi
}
`;

import { bash } from "../bash.ts";

/** One cycle, and the checks by type. */
export const checks = bash`
# Until when a process that is monitored, healthy and without rules needs no more than a look whether its number is there:
# cycles shorter than 10 s must cost little.
declare -A STEADY_UNTIL

# One cycle of all checks. What was started or stopped by a dependency is left alone until that is done.
cycle() {
  local name
  if resources_wanted; then measure; fi
  for name in "\${CHECKS[@]}"; do
    if [[ $NOW -lt \${STEADY_UNTIL[$name]:-0} && -e /proc/\${PID[$name]} ]]; then continue; fi
    if [[ -v BUSY[$name] ]]; then continue; fi
    if [[ \${MONITOR[$name]} == no ]] || ((NOW < \${NOT_BEFORE[$name]:-0})); then
      if [[ \${TYPE[$name]} == process ]]; then alive "$name"; fi
      continue
    fi
    if [[ \${EVERY[$name]} != 1 ]]; then
      SKIPPED[$name]=$((\${SKIPPED[$name]:-0} + 1))
      if ((SKIPPED[$name] < EVERY[$name])); then continue; fi
      SKIPPED[$name]=0
    fi
    if [[ \${RULES[$name]} == *:[1-9]* ]]; then
      check_restarts "$name"
      if [[ \${MONITOR[$name]} == no || -v BUSY[$name] ]]; then continue; fi
    fi
    "check_\${TYPE[$name]}" "$name"
    if [[ -v BUSY[$name] || \${MONITOR[$name]} == no ]]; then continue; fi
    if [[ \${MONITOR[$name]} == init ]]; then MONITOR[$name]=yes CHANGED=1; fi
    if [[ \${TYPE[$name]} == process && \${RULES[$name]} != *:[1-9]* && \${EVERY[$name]} == 1 && -z \${ERRORS[$name]} && \${RULE_MAP[$name:missing]:-0} == 0 ]]; then
      STEADY_UNTIL[$name]=$((NOW + 1000))
    fi
  done
}

# A check whose parent is being restarted, and so a part of that, has become busy: its remaining rules wait.
check_rules() {
  local name=$1 rule words
  for rule in \${RULES[$name]}; do
    if [[ -v BUSY[$name] || \${MONITOR[$name]} == no ]]; then return; fi
    case \${RULE_KIND[$rule]} in
      missing | exec | invalid | restarts) ;;
      *)
        eval "words=(\${RULE_ARGUMENTS[$rule]})"
        "rule_\${RULE_KIND[$rule]}" "$name" "$rule" "\${words[@]}"
        ;;
    esac
  done
}

check_process() {
  if ! alive "$1"; then post "$1:missing" 1 'process is not running'; return; fi
  post "$1:missing" 0 'process is running'
  if [[ \${ERRORS[$1]} == *' exec '* ]]; then post "$1:exec" 0 'process is running after a failed start or stop'; fi
  if [[ \${RULES[$1]} == *:[1-9]* ]]; then check_rules "$1"; fi
}

check_path() {
  local name=$1 file=\${FILE[$1]}
  if [[ ! -e $file ]]; then post "$name:missing" 1 "$file does not exist"; return; fi
  post "$name:missing" 0 "$file exists"
  if [[ ! $2 ]]; then post "$name:invalid" 1 "$file has another type"; return; fi
  post "$name:invalid" 0 "$file has the right type"
  if [[ \${RULES[$name]} == *:[1-9]* ]]; then look_at_file "$name"; fi
}

check_file() { if [[ -f \${FILE[$1]} ]]; then check_path "$1" 1; else check_path "$1" ''; fi; }
check_directory() { if [[ -d \${FILE[$1]} ]]; then check_path "$1" 1; else check_path "$1" ''; fi; }
check_fifo() { if [[ -p \${FILE[$1]} ]]; then check_path "$1" 1; else check_path "$1" ''; fi; }
check_filesystem() { check_path "$1" 1; }
check_host() { check_rules "$1"; }
check_system() { check_rules "$1"; }
check_program() { run_check_program "$1"; }
`;

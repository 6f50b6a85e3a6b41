import { bash } from "../bash.ts";

/** Tests that may hang: ports, sockets, programs, files. */
export const probes = bash`
# What may hang (a port, a program, a stat on a dead mount) runs in a child of its own and answers through a pipe.
declare -A PROBE_FD PROBE_PID PROBE_UNTIL PROBE_KIND
PROBES=0

# Probe for rule $2 of check $1, at most $3 seconds, by function probe_$4. One at a time for each rule.
probe() {
  local name=$1 rule=$2 seconds=$3 kind=$4 fd
  shift 4
  if [[ -v PROBE_FD[$rule] ]]; then return; fi
  exec {fd}< <(
    exec {COMMANDS_FD}>&- {LOCK_FD}>&-
    "probe_$kind" "$@" 2>/dev/null
  )
  PROBE_PID[$rule]=$! PROBE_FD[$rule]=$fd PROBE_UNTIL[$rule]=$((NOW + seconds * 100)) PROBE_KIND[$rule]=$kind
  PROBES=$((PROBES + 1))
}

# Each prints 0 if what it tests works, anything else if not.
probe_port() {
  local host=$1 port=$2 transport=$3 protocol=$4 request=$5 seconds=$6 header=\${7:-$1} answer fd
  exec {fd}<>"/dev/$transport/$host/$port" || { echo 1; return; }
  if [[ $transport == udp ]]; then
    # A closed UDP port shows by the second write.
    printf . >&$fd
    read -r -t 0.3 -N 1 -u $fd answer
    if printf . >&$fd; then echo 0; else echo 1; fi
  elif [[ $protocol == http ]]; then
    printf 'GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: monit/5.2.5\r\nAccept: */*\r\nConnection: close\r\n\r\n' "\${request:-/}" "$header" >&$fd
    read -r -t "$seconds" -u $fd answer
    if [[ $answer =~ ^HTTP/[0-9.]+\ ([0-9]+) ]] && ((BASH_REMATCH[1] < 400)); then echo 0; else echo 1; fi
  else echo 0; fi
}

# Connects with perl where there is one; else a listening socket of that path must be known to the kernel.
probe_unixsocket() {
  local flags path
  if [[ -x /usr/bin/perl ]]; then
    /usr/bin/perl -MSocket -e 'socket(my $s, PF_UNIX, SOCK_STREAM, 0) && connect($s, sockaddr_un($ARGV[0])) or exit 1' "$1"
    echo $?
    return
  fi
  while read -r _ _ _ flags _ _ _ path; do
    if [[ $path == "$1" && $flags == 00010000 ]]; then echo 0; return; fi
  done </proc/net/unix
  echo 1
}

probe_ping() {
  ping -n -q -c "$2" -w "$3" "$1" >/dev/null
  echo $?
}

probe_facts() {
  timeout -s KILL 5 stat -L --printf '%Y %Z %s %a %u %g ' "$1"
  timeout -s KILL 5 stat -f --printf '%b %a %S %c %d\n' "$1"
}

probe_program() {
  local seconds=$1
  shift
  timeout -s KILL "$seconds" "$@" >/dev/null
  echo $?
}

look_at_file() { probe "$1" "$1:facts" 15 facts "\${FILE[$1]}"; }

run_check_program() {
  local program=\${PROGRAM[$1]} words
  if ! command_of "$program" "$1" program; then post "$1:exec" 1 "\${LAST_MESSAGE[$1]}"; return; fi
  eval "words=(\${WORDS[$program]})"
  probe "$1" "$1:status" $((SECONDS_OF[$program] + 5)) program "\${SECONDS_OF[$program]}" "\${COMMAND[@]}"
}

# Takes the answers that have come; a probe over its time has failed.
collect_probes() {
  local rule answer
  for rule in "\${!PROBE_FD[@]}"; do
    answer=''
    if read -t 0 -u "\${PROBE_FD[$rule]}"; then read -r -t 1 -u "\${PROBE_FD[$rule]}" answer
    elif ((NOW < PROBE_UNTIL[$rule])); then continue; fi
    end_probe "$rule"
    probe_answer "$rule" "\${answer:-none}"
  done
}

end_probe() {
  local fd=\${PROBE_FD[$1]}
  exec {fd}<&-
  if read_stat "\${PROBE_PID[$1]}" && [[ $STAT_PARENT == "$$" ]]; then kill -KILL "\${PROBE_PID[$1]}"; fi
  unset -v "PROBE_FD[$1]" "PROBE_PID[$1]" "PROBE_UNTIL[$1]" "PROBE_KIND[$1]"
  PROBES=$((PROBES - 1))
}

probe_answer() {
  local rule=$1 answer=$2 name=\${1%:*} words FACTS each
  if [[ \${MONITOR[$name]} == no || -v BUSY[$name] ]]; then return; fi
  case \${rule##*:} in
    facts | status)
      FACTS=($answer)
      for each in \${RULES[$name]}; do
        if [[ \${each##*:} != [1-9]* || \${RULE_KIND[$each]} == restarts || -v BUSY[$name] ]]; then continue; fi
        eval "words=(\${RULE_ARGUMENTS[$each]})"
        if [[ \${rule##*:} == status ]]; then LAST_EXIT[$name]=$answer; hold "$each" status "\${answer/none/-1}" "\${words[@]}"
        elif ((\${#FACTS[@]} == 11)); then file_rule "$each" "\${RULE_KIND[$each]}" "\${words[@]}"; fi
      done
      ;;
    *)
      eval "words=(\${RULE_ARGUMENTS[$rule]})"
      if [[ $answer == 0 ]]; then post "$rule" 0 'connection succeeded'; else post "$rule" 1 "failed to reach \${words[*]:0:2}"; fi
      ;;
  esac
}

cancel_probes() {
  local rule
  if ((PROBES == 0)); then return; fi
  for rule in "\${!PROBE_FD[@]}"; do
    if [[ \${rule%:*} == "$1" ]]; then end_probe "$rule"; fi
  done
}
`;

import { bash } from "../bash.ts";

/** The conditions of `if` rules. */
export const rules = bash`
# True if $1 $2 $3 holds.
compare() {
  case $2 in
    '>') (($1 > $3)) ;;
    '<') (($1 < $3)) ;;
    '>=') (($1 >= $3)) ;;
    '<=') (($1 <= $3)) ;;
    '!=') (($1 != $3)) ;;
    *) (($1 == $3)) ;;
  esac
}

# Posts the rule's result for the value: \`what\` of value, held against the limit.
hold() {
  local rule=$1 what=$2
  if compare "$3" "$4" "$5"; then post "$rule" 1 "$what of $3 matches the limit [$4 $5]"; else post "$rule" 0 "$what of $3 is within the limit"; fi
}

rule_resource() {
  if resource_value "$1" "$3"; then hold "$2" "$3" "$VALUE" "$4" "$5"; fi
}

rule_uptime() { hold "$2" uptime "$(((NOW - STARTED[$1]) / 100))" "$3" "$4"; }

rule_changed() {
  local rule=$2 value
  case $3 in
    pid) value=\${PID[$1]} ;;
    ppid) if read_stat "\${PID[$1]}"; then value=$STAT_PARENT; fi ;;
  esac
  differs "$rule" "$3" "$value"
}

# A change is an event of its own each time.
differs() {
  local rule=$1 before=\${LAST_VALUE[$1]}
  LAST_VALUE[$rule]=$3
  if [[ -z $before || -z $3 ]]; then return; fi
  if [[ $before != "$3" ]]; then
    RULE_STATE[$rule]=init
    post "$rule" 1 "$2 changed from $before to $3"
  else post "$rule" 0 "$2 has not changed"; fi
}

rule_port() { probe "$1" "$2" "$8" port "\${@:3}"; }
rule_unixsocket() { probe "$1" "$2" "$4" unixsocket "$3"; }
rule_ping() { probe "$1" "$2" "$4" ping "\${ADDRESS[$1]}" "$3" "$4"; }

# Rules about a file or filesystem: FACTS are what stat told, in the order that file_facts asks for.
file_rule() {
  local rule=$1 kind=$2 blocks available nodes free_nodes block_size
  shift 2
  case $kind in
    changed) if [[ $1 == size ]]; then differs "$rule" size "\${FACTS[2]}"; else differs "$rule" timestamp "\${FACTS[0]}:\${FACTS[1]}"; fi ;;
    timestamp)
      printf -v kind '%(%s)T' -1
      hold "$rule" 'age in seconds' $((kind - (FACTS[0] > FACTS[1] ? FACTS[0] : FACTS[1]))) "$1" "$2"
      ;;
    size) hold "$rule" size "\${FACTS[2]}" "$1" "$2" ;;
    permission) same "$rule" permission "$((8#\${FACTS[3]}))" "$((8#$1))" ;;
    uid) id_of passwd "$1"; same "$rule" uid "\${FACTS[4]}" "$ID" ;;
    gid) id_of group "$1"; same "$rule" gid "\${FACTS[5]}" "$ID" ;;
    space* | inode*)
      blocks=\${FACTS[6]} available=\${FACTS[7]} block_size=\${FACTS[8]} nodes=\${FACTS[9]} free_nodes=\${FACTS[10]}
      case $kind in
        space) hold "$rule" 'used space' $(((blocks - available) * block_size)) "$1" "$2" ;;
        space%) hold "$rule" 'used space (tenths of a percent)' $((blocks ? (blocks - available) * 1000 / blocks : 0)) "$1" "$2" ;;
        inode) hold "$rule" 'used inodes' $((nodes - free_nodes)) "$1" "$2" ;;
        inode%) hold "$rule" 'used inodes (tenths of a percent)' $((nodes ? (nodes - free_nodes) * 1000 / nodes : 0)) "$1" "$2" ;;
      esac
      ;;
  esac
}

same() {
  if [[ $3 == "$4" ]]; then post "$1" 0 "$2 is right"; else post "$1" 1 "$2 is $3 instead of $4"; fi
}
`;

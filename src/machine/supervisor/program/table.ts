import { bash } from "../bash.ts";

/** Reads the table of checks (`supervisorTable` writes it). */
export const table = bash`
# Checks are kept in associative arrays by name, so that what is known of a check outlives a reload of the table.
declare -a CHECKS
declare -A TYPE DEFINITION PIDFILE MATCHING FILE ADDRESS START STOP RESTART PROGRAM GROUPS_OF DEPENDS CHILDREN MODE EVERY RULES
# A program: seconds, uid, gid, and its words quoted for eval.
declare -A SECONDS_OF USER_OF GROUP_OF WORDS
# A rule: its check, the event it raises, kind, arguments, and the reactions: times, cycles, action, program.
declare -A RULE_CHECK RULE_EVENT RULE_KIND RULE_ARGUMENTS FAILED_TIMES FAILED_CYCLES FAILED_ACTION PASSED_TIMES PASSED_CYCLES PASSED_ACTION

# The fields of a table line in FIELDS, unescaped.
table_fields() {
  local field
  FIELDS=()
  while [[ -n $1 ]]; do
    field=\${1%%$'\t'*}
    if [[ $1 == *$'\t'* ]]; then set -- "\${1#*$'\t'}"; else set -- ''; fi
    if [[ $field == '\-' ]]; then field=''; else printf -v field %b "$field"; fi
    FIELDS+=("$field")
  done
}

# Keeps a program under an id; the fields are seconds, uid, gid, words.
table_program() {
  SECONDS_OF[$1]=$2 USER_OF[$1]=$3 GROUP_OF[$1]=$4
  printf -v "WORDS[$1]" '%q ' "\${@:5}"
}

table_rule() {
  local name=$1 rule=$2
  RULES[$name]+=" $rule"
  if [[ $4 == resource ]]; then RESOURCE_RULES=1; fi
  RULE_CHECK[$rule]=$name RULE_EVENT[$rule]=$3 RULE_KIND[$rule]=$4
  printf -v "RULE_ARGUMENTS[$rule]" '%q ' "\${@:5}"
  FAILED_TIMES[$rule]=1 FAILED_CYCLES[$rule]=1 FAILED_ACTION[$rule]=alert
  PASSED_TIMES[$rule]=1 PASSED_CYCLES[$rule]=1 PASSED_ACTION[$rule]=alert
}

table_check() {
  local name=$2
  CHECKS+=("$name")
  TYPE[$name]=$1 MODE[$name]=active EVERY[$name]=1 RULES[$name]='' DEPENDS[$name]='' GROUPS_OF[$name]=' ' DEFINITION[$name]=''
  # What monit does unasked: whatever is missing is restarted, a failed start or stop is only told.
  table_rule "$name" "$name:missing" nonexist missing
  FAILED_ACTION[$name:missing]=restart
  table_rule "$name" "$name:exec" exec exec
  table_rule "$name" "$name:invalid" invalid invalid
  FAILED_ACTION[$name:invalid]=restart
}

table_reaction() {
  local side=$1 rule=$2
  printf -v "\${side}_TIMES[$rule]" %s "$3"
  printf -v "\${side}_CYCLES[$rule]" %s "$4"
  printf -v "\${side}_ACTION[$rule]" %s "$5"
  if [[ $5 == exec ]]; then table_program "$rule:$side" "\${@:6}"; fi
}

# Reads the table. A table of another version is refused, and the old one stays.
load_table() {
  local line name='' rule='' key number=0 old
  [[ -f table ]] || return 0
  read -r line <table
  if [[ $line != $'davit-supervisor\t1' ]]; then log "the table is of another version"; return 1; fi
  local -A before=()
  for name in "\${CHECKS[@]}"; do before[$name]=\${DEFINITION[$name]}; done
  RESOURCE_RULES=0
  CHECKS=() CHILDREN=() START=() STOP=() RESTART=() PROGRAM=() PIDFILE=() MATCHING=() FILE=() ADDRESS=()
  while IFS= read -r line || [[ -n $line ]]; do
    table_fields "$line"
    set -- "\${FIELDS[@]}"
    key=$1
    shift
    case $key in
      cycle) CYCLE=$(($1 * 100)) ;;
      autostart) AUTOSTART=$1 ;;
      check) name=$2; number=0; table_check "$@" ;;
      pidfile) PIDFILE[$name]=$1 ;;
      matching) MATCHING[$name]=$1 ;;
      path) FILE[$name]=$1 ;;
      address) ADDRESS[$name]=$1 ;;
      start) START[$name]="$name:start"; table_program "$name:start" "$@" ;;
      stop) STOP[$name]="$name:stop"; table_program "$name:stop" "$@" ;;
      restart) RESTART[$name]="$name:restart"; table_program "$name:restart" "$@" ;;
      program) PROGRAM[$name]="$name:program"; table_program "$name:program" "$@" ;;
      group) GROUPS_OF[$name]+="$1 " ;;
      depends) DEPENDS[$name]+=" $1"; CHILDREN[$1]+=" $name" ;;
      mode) MODE[$name]=$1 ;;
      every) EVERY[$name]=$1 ;;
      rule)
        rule="$name:$((++number))"
        if [[ $2 == missing ]]; then rule="$name:missing"; else table_rule "$name" "$rule" "$@"; fi
        ;;
      failed) table_reaction FAILED "$rule" "$@" ;;
      passed) table_reaction PASSED "$rule" "$@" ;;
    esac
    if [[ -n $name ]]; then DEFINITION[$name]+="$line"$'\n'; fi
  done <table
  for old in "\${!before[@]}"; do
    if [[ -z \${DEFINITION[$old]} || " \${CHECKS[*]} " != *" $old "* ]]; then forget "$old"
    elif [[ \${DEFINITION[$old]} != "\${before[$old]}" ]]; then changed_check "$old"; fi
  done
  for name in "\${CHECKS[@]}"; do
    if [[ ! -v before[$name] ]]; then new_check "$name"; fi
  done
  CHANGED=1
}
`;

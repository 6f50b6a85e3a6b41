import { quote } from "../shell.ts";

/** runit's chpst by setpriv, for the options that releases use: -u -e -n -o -m -P -b (ignored) -v. */
const program = `#!/bin/bash
# Written by davit where the image has no runit.
set -eu
user='' nice=0 session='' environment=''
while getopts 'u:b:e:n:o:m:d:f:c:l:L:p:r:s:t:a:/:Pv012' option; do
  case $option in
    u) user=$OPTARG ;;
    e) environment=$OPTARG ;;
    n) nice=$OPTARG ;;
    o) ulimit -n "$OPTARG" ;;
    m) ulimit -v $((OPTARG / 1024)) ;;
    P) session=setsid ;;
    b | v) ;;
    *) echo "chpst: option -$option isn't supported by davit's stand-in; install runit" >&2; exit 100 ;;
  esac
done
shift $((OPTIND - 1))
if [ -n "$environment" ]; then
  for file in "$environment"/*; do
    if [ -f "$file" ]; then IFS= read -r value <"$file" || true; export "\${file##*/}=$value"; fi
  done
fi
command=("$@")
if [ "$nice" != 0 ]; then command=(nice -n "$nice" "\${command[@]}"); fi
if [ -n "$session" ]; then command=(setsid "\${command[@]}"); fi
if [ -n "$user" ]; then
  IFS=: read -r -a names <<<"$user"
  id=$(id -u "\${names[0]}") group=$(id -g "\${names[0]}") groups=''
  for name in "\${names[@]:1}"; do
    number=$(getent group "$name" | cut -d: -f3)
    if [ -z "$groups" ]; then group=$number; fi
    groups+=\${groups:+,}$number
  done
  if [ "$id" != "$(id -u)" ]; then
    command=(setpriv --reuid "$id" --regid "$group" --groups "\${groups:-$group}" "\${command[@]}")
  fi
fi
exec "\${command[@]}"
`;

/** Old releases start everything through chpst; hooks look for it in the system's folders only. */
export const chpst = `if ! command -v chpst >/dev/null; then
  put /var/vcap/bosh/bin/chpst 0755 root:root ${quote(program)}
  if [ -w /usr/bin ]; then ln -sfT /var/vcap/bosh/bin/chpst /usr/bin/chpst; fi
fi
`;

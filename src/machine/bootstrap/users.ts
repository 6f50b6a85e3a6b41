import { assign, assignList } from "../shell.ts";
import type { MachineSpec } from "./spec.ts";

/**
 * The account files are edited by lines, not by useradd: usermod refuses to move the id of a user that is logged in (us), and
 * a small image may have neither. An image that gives 1000 to its own user is mended by moving that user.
 */
const functions = `account_line() { # file name line: appended unless the name is there
  if ! grep -q "^$2:" "$1"; then printf '%s\\n' "$3" >>"$1"; fi
}
free_id() { # from step: the next id that neither users nor groups have, in REPLY
  REPLY=$1
  while grep -q "^[^:]*:[^:]*:$REPLY:" /etc/passwd /etc/group; do REPLY=$((REPLY + $2)); done
}
add_group() { # name [id]
  local id=''
  if [ $# -gt 1 ]; then id=$2; else free_id 990 -1; id=$REPLY; fi
  account_line /etc/group "$1" "$1:x:$id:"
}
join_group() { # user group
  if grep -qE "^$2:[^:]*:[^:]*:(.*,)?$1(,|$)" /etc/group; then return; fi
  awk -F: -v OFS=: -v user="$1" -v group="$2" '
    $1 == group { $4 = ($4 == "" ? user : $4 "," user) } { print }
  ' /etc/group >/etc/group.davit-new
  replace_account_file group 644
}
replace_account_file() { # name mode
  chmod "$2" "/etc/$1.davit-new"
  mv -f "/etc/$1.davit-new" "/etc/$1"
}
holder() { # file: who has the id 1000 and isn't vcap, in REPLY
  REPLY=$(awk -F: '$3 == 1000 && $1 != "vcap" { print $1; exit }' "$1")
}
change_field() { # file match-field match-value field value, in lines other than vcap's
  awk -F: -v OFS=: -v m="$2" -v v="$3" -v f="$4" -v n="$5" '$m == v && $1 != "vcap" { $f = n } { print }' \\
    "/etc/$1" >"/etc/$1.davit-new"
  replace_account_file "$1" 644
}
free_vcap_id() {
  local name='' new='' group='' home=''
  while holder /etc/group; [ -n "$REPLY" ]; do
    name=$REPLY; free_id 1001 1; new=$REPLY
    change_field group 1 "$name" 3 "$new"
    change_field passwd 4 1000 4 "$new"
  done
  while holder /etc/passwd; [ -n "$REPLY" ]; do
    name=$REPLY; free_id 1001 1; new=$REPLY
    change_field passwd 1 "$name" 3 "$new"
    reconnect=true
    IFS=: read -r _ _ _ group _ home _ < <(grep "^$name:" /etc/passwd)
    if [ -d "$home" ]; then chown -hR "$new:$group" "$home"; fi
  done
}
add_user() { # name uid gid
  account_line /etc/passwd "$1" "$1:x:$2:$3::/home/$1:/bin/bash"
  if [ -f /etc/shadow ]; then account_line /etc/shadow "$1" "$1:*:19000:0:99999:7:::"; fi
}
`;

const vcap = `reconnect=false
if [ -n "$one_id" ]; then
  add_group vcap "$(id -g)"; add_user vcap "$(id -u)" "$(id -g)"
else
  free_vcap_id
  add_group vcap 1000; add_user vcap 1000 1000
fi
add_group admin; add_group bosh_sshers; add_group bosh_sudoers
join_group vcap admin; join_group vcap bosh_sshers
mkdir -p /home/vcap
own vcap:vcap 0750 /home/vcap
if [ -d /etc/sudoers.d ]; then
  put /etc/sudoers.d/bosh_sudoers 0440 root:root $'%bosh_sudoers ALL=(ALL) NOPASSWD: ALL\\n'
fi
`;

const login = `if ! grep -q "^$login_user:" /etc/passwd; then
  if [ -n "$one_id" ]; then add_user "$login_user" "$(id -u)" "$(id -g)"
  else
    free_id 1001 1; login_id=$REPLY
    add_group "$login_user" "$login_id"; add_user "$login_user" "$login_id" "$login_id"
  fi
fi
IFS=: read -r _ _ login_id login_group _ login_home _ < <(grep "^$login_user:" /etc/passwd)
for group in vcap bosh_sshers bosh_sudoers; do join_group "$login_user" "$group"; done
if [ ! -d "$login_home" ]; then
  mkdir -p "$login_home"
  own "$login_id:$login_group" 0750 "$login_home"
fi
mkdir -p "$login_home/.ssh"
own "$login_id:$login_group" 0700 "$login_home/.ssh"
keys=''
if [ -f "$login_home/.ssh/authorized_keys" ]; then IFS= read -r -d '' keys <"$login_home/.ssh/authorized_keys" || true; fi
for key in "\${login_keys[@]}"; do
  case $'\\n'$keys$'\\n' in
    *$'\\n'"$key"$'\\n'*) ;;
    *) keys=\${keys%$'\\n'}\${keys:+$'\\n'}$key$'\\n' ;;
  esac
done
put "$login_home/.ssh/authorized_keys" 0600 "$login_id:$login_group" "$keys"
`;

/** vcap 1000:1000, a BOSH stemcell's groups (os-conf's user_add wants them all), and the login user with its keys (those it has stay), who reads logs as BOSH's does: by vcap's group. */
export function users(spec: MachineSpec): string {
	if (spec.login === undefined) return functions + vcap;
	const data = [assign("login_user", spec.login.user), assignList("login_keys", spec.login.authorizedKeys)];
	return `${functions}${vcap}${data.join("\n")}\n${login}`;
}

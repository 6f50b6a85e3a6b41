/**
 * What every script begins with.
 * - `one_id` is 1 where the VM has a single user id (an unprivileged embedded VM): owners can't be set there, and root and vcap are the same.
 * - `own OWNER MODE PATH...` sets both, or the mode only where there is one id.
 * - `put PATH MODE OWNER TEXT` writes beside and renames, so that a reader never sees half a file; an equal file stays untouched.
 * - `link TARGET PATH` switches a symbolic link at once.
 * - `unpack FOLDER [--no-same-owner]` extracts a tar, compressed or not, from standard input, and fails if it broke off:
 *   2 is gzip's warning of trailing zeros; tar itself takes an end between two members, without its closing zeros, for a good one.
 * - `json TEXT` leaves a JSON string in REPLY.
 * - `exclusive NAME` waits until no other script holds that name on the VM. A lost connection leaves a script behind that works on;
 *   what it started holds the name too.
 * - `durable PATH...` writes out the file systems of these paths on a VM of its own: what davit records as done must outlast a power cut, and a file that
 *   is renamed into place would else be found empty.
 * - `fence_hold` and `fence_release` do something only in a fenced script, which defines them first.
 */
const functions = `set -euo pipefail
umask 022
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/var/vcap/bosh/bin LC_ALL=C
declare -F fence_hold >/dev/null || { fence_hold() { :; }; fence_release() { :; }; }
one_id=''
ids=0
while read -r _ _ count; do ids=$((ids + count)); done </proc/self/uid_map
if [ "$ids" = 1 ]; then one_id=1; fi
die() { printf '%s\\n' "$*" >&2; exit 1; }
own() {
  local owner=$1 mode=$2; shift 2
  if [ -z "$one_id" ]; then chown "$owner" "$@"; fi
  chmod "$mode" "$@"
}
put() {
  local path=$1 mode=$2 owner=$3 text=$4 now=''
  if [ -f "$path" ]; then IFS= read -r -d '' now <"$path" || true; fi
  if [ -f "$path" ] && [ "$now" = "$text" ]; then own "$owner" "$mode" "$path"; return; fi
  (umask 077; printf %s "$text" >"$path.davit-new")
  own "$owner" "$mode" "$path.davit-new"
  mv -fT "$path.davit-new" "$path"
}
exclusive() {
  mkdir -p /var/vcap/davit
  exec {exclusive_fd}>>"/var/vcap/davit/$1.lock"
  flock -w 600 "$exclusive_fd" || die "an earlier script of davit ($1) still works on this VM after 600 s"
}
durable() { if [ -d /run/systemd/system ]; then sync -f "$@"; fi; }
json() {
  local text=$1
  text=\${text//\\\\/\\\\\\\\}; text=\${text//\\"/\\\\\\"}
  text=\${text//$'\\n'/\\\\n}; text=\${text//$'\\t'/\\\\t}; text=\${text//[[:cntrl:]]/ }
  REPLY="\\"$text\\""
}
link() {
  if [ -L "$2" ] && [ "$2" -ef "$1" ]; then return; fi
  ln -sfT "$1" "$2.davit-new"
  mv -fT "$2.davit-new" "$2"
}
unpack() {
  local owner=--same-owner rest=''
  if [ -n "$one_id" ]; then owner=--no-same-owner; fi
  rest=$({ { gzip -dcf || [ $? = 2 ]; } | tee /dev/fd/4 | tar --extract --directory "$1" "\${2:-$owner}" --same-permissions >&2; } 4>&1 |
    tail -c 512 | tr -d '\\0' | wc -c)
  if [ "$rest" != 0 ]; then die "the archive broke off"; fi
}
`;

/** A whole script: the prelude and its parts, each on lines of its own. */
export function script(...parts: readonly string[]): string {
	return `${functions}${parts.map((part) => (part.endsWith("\n") ? part : `${part}\n`)).join("")}`;
}

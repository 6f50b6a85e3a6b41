import { assign, assignList } from "../shell.ts";
import type { PackageSource } from "./spec.ts";

/** Who holds a lock is told by /proc/locks: the pid and the file's inode. */
const locks = `lock_holder() { # process and name of who holds dpkg's lock, in REPLY
  local file='' inode='' pid='' node='' name=''
  REPLY=''
  for file in /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock; do
    if [ ! -e "$file" ]; then continue; fi
    inode=$(stat -c %i "$file")
    while read -r _ _ _ _ pid node _; do
      if [ "\${node##*:}" != "$inode" ] || [ "$pid" = $$ ]; then continue; fi
      read -r name 2>/dev/null <"/proc/$pid/comm" || name='?'
      REPLY="process $pid ($name) holds $file"
      return
    done < <(grep -v -e '->' /proc/locks)
  done
}
wait_for_locks() {
  while lock_holder; [ -n "$REPLY" ]; do
    if [ "$SECONDS" -ge "$locked_until" ]; then
      die "packages can't be installed: $REPLY for more than $lock_seconds s; that may be the image's own upgrade (unattended-upgrades, apt-daily): wait for it or turn it off in the image"
    fi
    sleep 1
  done
}
apt_get() { # what words...: again while another has the lock between our look and apt's
  local what=$1 said='' code=0
  shift
  while :; do
    wait_for_locks
    code=0
    said=$(if [ -f /etc/profile.d/davit-proxy.sh ]; then . /etc/profile.d/davit-proxy.sh; fi
      DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l NEEDRESTART_SUSPEND=1 UCF_FORCE_CONFFOLD=1 apt-get -qq -y \\
      -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold -o Acquire::Retries=2 \\
      -o Acquire::http::Timeout=30 "\${apt_options[@]}" "$@" 2>&1 </dev/null) || code=$?
    if [ "$code" = 0 ]; then return; fi
    case $said in *'Could not get lock'* | *'Unable to lock'* | *'is locked by another process'*) sleep 1 ;; *) break ;; esac
  done
  die "$what failed: $(grep -E '^(E|W|Err|dpkg)' <<<"$said" | tail -n 8 || tail -n 8 <<<"$said")"
}
`;

const program = `missing=()
for name in "\${packages[@]}"; do
  status=$(dpkg-query -W -f='\${db:Status-Status}' "$name" 2>/dev/null || true)
  if [ "$status" != installed ]; then missing+=("$name"); fi
done
if [ "\${#missing[@]}" -gt 0 ]; then
  if [ -z "$mirror" ]; then
    die "this image lacks \${missing[*]}, and the cloud config names no mirror to install from"
  fi
  locked_until=$((SECONDS + lock_seconds)) id=debian codename=''
  . <(grep -E '^(ID|VERSION_CODENAME)=' /etc/os-release | sed 's/^ID=/id=/; s/^VERSION_CODENAME=/codename=/')
  if [ "\${#suites[@]}" = 0 ]; then suites=("$codename"); fi
  if [ "\${#components[@]}" = 0 ]; then components=(main); if [ "$id" = ubuntu ]; then components+=(universe); fi; fi
  folder=/var/vcap/davit/apt
  mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial"
  text=''
  for suite in "\${suites[@]}"; do text+="deb \${trusted:+[trusted=yes] }$mirror $suite \${components[*]}"$'\\n'; done
  put "$folder/sources.list" 0644 root:root "$text"
  apt_options=(-o "Dir::Etc::SourceList=$folder/sources.list" -o Dir::Etc::SourceParts=/dev/null -o "Dir::State::Lists=$folder/lists" -o "Dir::Cache=$folder/cache")
  fence_release
  apt_get "reading the index of $mirror" -o APT::Update::Error-Mode=any update
  wait_for_locks
  DEBIAN_FRONTEND=noninteractive dpkg --configure --pending >/dev/null 2>&1 || true
  apt_get "installing \${missing[*]} from $mirror" --no-install-recommends install "\${missing[@]}"
  rm -rf "$folder"
  fence_hold
fi
`;

/** Installs what of the list is missing, from the given mirror alone; nothing is asked for where all is there. */
export function packages({ names, mirror, lockSeconds = 600 }: PackageSource): string {
	const data = [
		assignList("packages", names),
		assign("mirror", mirror?.url ?? ""),
		assignList("suites", mirror?.suites ?? []),
		assignList("components", mirror?.components ?? []),
		assign("trusted", mirror?.trusted === true ? "yes" : ""),
		assign("lock_seconds", lockSeconds),
	];
	return `${locks}${data.join("\n")}\n${program}`;
}

import { bash } from "../bash.ts";

/** Where the supervisor lives, its clock and its log. */
export const settings = bash`
#!/bin/bash
# Written by davit: supervises BOSH jobs by monit's rules. Needs bash 4.4, /proc, setsid, env; setpriv for \`as uid\`.
ROOT=\${DAVIT_SUPERVISOR_ROOT:-/var/vcap/davit/supervisor}
LC_ALL=C
PATH=/usr/sbin:/usr/bin:/sbin:/bin
umask 022
shopt -s nullglob extglob
mkdir -p "$ROOT"
cd "$ROOT" || exit 1
exec </dev/null >/dev/null 2>>log

# Hundredths of a second since the machine booted: no clock change moves it. Process start times count the same way.
now() {
  local uptime
  read -r uptime _ </proc/uptime
  NOW=$((10#\${uptime/./}))
}

# The standard error is the log; a full disk loses lines and stops nothing.
LOG_LINES=0
log() {
  printf '[%(%Y-%m-%dT%H:%M:%S%z)T] %s\n' -1 "$*" >&2
  if ((++LOG_LINES > 10000)) && mv -f log log.1; then
    exec 2>>log
    LOG_LINES=0
  fi
}
`;

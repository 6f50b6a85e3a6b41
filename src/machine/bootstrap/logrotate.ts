import { quote } from "../shell.ts";

/** Run every hour: by a systemd timer, or by PID 1 of an embedded VM. */
const ROTATE_PROGRAM = "/var/vcap/davit/rotate-logs";

/** `su`: the folders are vcap's group's to write, and logrotate passes over such folders unless it is told whom to be there. */
const configuration = `# Written by davit, as bosh-agent writes it.
/var/vcap/data/sys/log/*.log /var/vcap/data/sys/log/.*.log /var/vcap/data/sys/log/*/*.log /var/vcap/data/sys/log/*/.*.log /var/vcap/data/sys/log/*/*/*.log /var/vcap/data/sys/log/*/*/.*.log {
  su root root
  missingok
  rotate 7
  compress
  copytruncate
  size=50M
}
`;

/** Where there is no logrotate the same is done here: size, seven files, copy and truncate. */
const program = `#!/bin/bash
# Written by davit.
set -eu
if command -v logrotate >/dev/null; then
  exec logrotate --state /var/vcap/davit/logrotate.state /etc/logrotate.d/vcap
fi
shopt -s nullglob
cd /var/vcap/data/sys/log
for log in {,*/,*/*/}{,.}*.log; do
  if [ ! -f "$log" ] || [ "$(stat -c %s "$log")" -lt "\${1:-52428800}" ]; then continue; fi
  rm -f "$log.7.gz"
  for age in 6 5 4 3 2 1; do
    if [ -e "$log.$age.gz" ]; then mv -f "$log.$age.gz" "$log.$((age + 1)).gz"; fi
  done
  gzip -c "$log" >"$log.1.gz"
  : >"$log"
done
`;

const timer = `[Unit]
Description=Rotate the logs of BOSH jobs
[Timer]
OnCalendar=hourly
[Install]
WantedBy=timers.target
`;

const service = `[Unit]
Description=Rotate the logs of BOSH jobs
[Service]
Type=oneshot
ExecStart=${ROTATE_PROGRAM}
`;

/** sys/log is rotated hourly at 50 MB, seven compressed files, copytruncate, as on a stemcell. */
export const logrotate = `mkdir -p /etc/logrotate.d
put /etc/logrotate.d/vcap 0644 root:root ${quote(configuration)}
put ${ROTATE_PROGRAM} 0755 root:root ${quote(program)}
if [ -d /run/systemd/system ]; then
  put /etc/systemd/system/davit-logrotate.service 0644 root:root ${quote(service)}
  put /etc/systemd/system/davit-logrotate.timer 0644 root:root ${quote(timer)}
  units+=(davit-logrotate.timer)
fi
`;

import { pathName } from "../layout.ts";
import { quote } from "../shell.ts";
import { BOOT_PROGRAM } from "./boot.ts";
import type { SupervisorFiles } from "./spec.ts";

const FOLDER = "/var/vcap/davit/supervisor";

/**
 * KillMode=process: restarting the supervisor must not end the jobs. A persistent disk that doesn't mount keeps
 * the jobs down: RequiresMountsFor, since a database that starts on an empty folder loses data.
 */
function unit(start: string): string {
	return `[Unit]
Description=Supervises BOSH jobs for davit
After=network-online.target
Wants=network-online.target
RequiresMountsFor=/var/vcap/data /var/vcap/store
[Service]
ExecStartPre=${BOOT_PROGRAM}
ExecStart=${FOLDER}/${pathName("supervisor program", start)}
KillMode=process
Restart=always
RestartSec=1
TasksMax=infinity
LimitNOFILE=1048576
[Install]
WantedBy=multi-user.target
`;
}

/** The supervisor's program, BOSH's `monit` path to it, and on a machine with systemd the unit that starts it at boot. */
export function supervisorUnit({ files, start, monit }: SupervisorFiles): string {
	const lines = Object.entries(files).map(
		([name, text]) => `put ${FOLDER}/${pathName("supervisor file", name)} 0755 root:root ${quote(text)}`,
	);
	return `${lines.join("\n")}
ln -sfT ${FOLDER}/${pathName("supervisor file", monit)} /var/vcap/bosh/bin/monit
if [ -d /run/systemd/system ]; then
  put /etc/systemd/system/davit-supervisor.service 0644 root:root ${quote(unit(start))}
  units+=(davit-supervisor.service)
fi
`;
}

/** One reload for all units that were put in place; enabled and started, those that run are left alone. */
export const startUnits = `if [ "\${#units[@]}" -gt 0 ]; then
  systemctl daemon-reload
  systemctl enable --now --quiet "\${units[@]}"
fi
`;

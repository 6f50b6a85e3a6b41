import { assign, assignList } from "../shell.ts";
import type { MachineSpec } from "./spec.ts";

const ntp = `put /var/vcap/bosh/etc/ntpserver 0644 root:root "\${ntp[*]}"
if [ -d /run/systemd/system ] && [ -d /etc/chrony/sources.d ]; then
  put /etc/chrony/sources.d/davit.sources 0644 root:root "$(printf 'server %s iburst\\n' "\${ntp[@]}")"$'\\n'
  systemctl try-restart chrony.service
elif [ -d /run/systemd/system ]; then
  mkdir -p /etc/systemd/timesyncd.conf.d
  put /etc/systemd/timesyncd.conf.d/davit.conf 0644 root:root "[Time]"$'\\n'"NTP=\${ntp[*]}"$'\\n'
  systemctl try-restart systemd-timesyncd.service
fi
`;

const proxy = `text=''
for line in "\${proxy[@]}"; do text+="export \${line%%=*}=\${line#*=}"$'\\n'; done
put /etc/profile.d/davit-proxy.sh 0644 root:root "$text"
`;

function proxyLines(values: NonNullable<MachineSpec["proxy"]>): string[] {
	const pairs: [string, string | undefined][] = [
		["http_proxy", values.http],
		["https_proxy", values.https],
		["no_proxy", values.no],
	];
	return pairs.flatMap(([name, value]) =>
		value === undefined ? [] : [assign(name, value), assign(name.toUpperCase(), value)],
	);
}

/** NTP and proxy, each only where the cloud config gives it. */
export function networkServices(spec: MachineSpec): string {
	const parts: string[] = [];
	if (spec.ntp !== undefined && spec.ntp.length > 0) parts.push(assignList("ntp", spec.ntp), ntp);
	if (spec.proxy !== undefined) parts.push(assignList("proxy", proxyLines(spec.proxy)), proxy);
	return parts.length === 0 ? "" : `${parts.join("\n")}\n`;
}

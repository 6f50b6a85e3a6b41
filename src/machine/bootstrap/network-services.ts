import { assign, assignList } from "../shell.ts";
import type { MachineSpec } from "./spec.ts";

/** `/etc/resolv.conf` may be a mount, and then can't be renamed over; systemd-resolved's own file isn't ours to write. */
const dns = `case $(readlink -f /etc/resolv.conf) in
  /run/systemd/resolve/*)
    mkdir -p /etc/systemd/resolved.conf.d
    put /etc/systemd/resolved.conf.d/davit.conf 0644 root:root "[Resolve]"$'\\n'"DNS=\${dns[*]}"$'\\n'
    systemctl try-restart systemd-resolved.service
    ;;
  *)
    servers=$(printf 'nameserver %s\\n' "\${dns[@]}")
    if [ ! -f /etc/resolv.conf ] || [ "$(</etc/resolv.conf)" != "$servers" ]; then
      printf '%s\\n' "$servers" >/etc/resolv.conf.davit-new
      chmod 0644 /etc/resolv.conf.davit-new
      if ! mv -fT /etc/resolv.conf.davit-new /etc/resolv.conf 2>/dev/null; then
        printf '%s\\n' "$servers" >/etc/resolv.conf
        rm -f /etc/resolv.conf.davit-new
      fi
    fi
    ;;
esac
`;

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

/** NTP, DNS and proxy, each only where the cloud config gives it. */
export function networkServices(spec: MachineSpec): string {
	const parts: string[] = [];
	if (spec.dns !== undefined && spec.dns.length > 0) parts.push(assignList("dns", spec.dns), dns);
	if (spec.ntp !== undefined && spec.ntp.length > 0) parts.push(assignList("ntp", spec.ntp), ntp);
	if (spec.proxy !== undefined) parts.push(assignList("proxy", proxyLines(spec.proxy)), proxy);
	return parts.length === 0 ? "" : `${parts.join("\n")}\n`;
}

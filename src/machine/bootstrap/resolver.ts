import { assign, assignList } from "../shell.ts";
import type { MachineSpec } from "./spec.ts";

/** `/etc/resolv.conf` may be a mount, and then can't be renamed over. */
const functions = `write_resolv_conf() {
  local servers=''
  servers=$(printf 'nameserver %s\\n' "\${dns[@]}")
  if [ -f /etc/resolv.conf ] && [ ! -L /etc/resolv.conf ] && [ "$(</etc/resolv.conf)" = "$servers" ]; then return; fi
  printf '%s\\n' "$servers" >/etc/resolv.conf.davit-new
  chmod 0644 /etc/resolv.conf.davit-new
  if ! mv -fT /etc/resolv.conf.davit-new /etc/resolv.conf 2>/dev/null; then
    printf '%s\\n' "$servers" >/etc/resolv.conf
    rm -f /etc/resolv.conf.davit-new
  fi
}
configure_resolved() { # text
  local file=/etc/systemd/resolved.conf.d/davit.conf
  if [ -f "$file" ] && printf %s "$1" | cmp -s - "$file"; then return; fi
  mkdir -p "\${file%/*}"
  put "$file" 0644 root:root "$1"
  systemctl try-restart systemd-resolved.service
}
`;

const program = `case $(readlink -f /etc/resolv.conf) in
  /run/systemd/resolve/*)
    resolved=$'[Resolve]\\n'
    if [ "\${#dns[@]}" -gt 0 ]; then resolved+="DNS=\${dns[*]}"$'\\n'; fi
    if [ -z "$keep_stub" ]; then
      resolved+=$'DNSStubListener=no\\n'
      if [ "\${#dns[@]}" -gt 0 ]; then write_resolv_conf; else ln -sfT /run/systemd/resolve/resolv.conf /etc/resolv.conf; fi
    fi
    configure_resolved "$resolved"
    ;;
  *) if [ "\${#dns[@]}" -gt 0 ]; then write_resolv_conf; fi ;;
esac
`;

/**
 * Name servers. systemd-resolved's stub (127.0.0.53) gives way, and /etc/resolv.conf is no link into its folder any more: bosh-dns writes
 * itself first into that file and takes the others in it as recursors, which resolved would undo, or answer by asking bosh-dns. On Noble
 * alone bosh-dns is told (`configure_systemd_resolved`, bosh-dns-release) to register itself with resolved, and needs the stub.
 */
export function resolver(spec: MachineSpec): string {
	const data = [
		assignList("dns", spec.dns ?? []),
		assign("keep_stub", spec.stemcell.os === "ubuntu-noble" ? "yes" : ""),
	];
	return `${functions}${data.join("\n")}\n${program}`;
}

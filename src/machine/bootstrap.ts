import { boot, swap } from "./bootstrap/boot.ts";
import { chpst } from "./bootstrap/chpst.ts";
import { facts } from "./bootstrap/facts.ts";
import { logrotate } from "./bootstrap/logrotate.ts";
import { networkServices } from "./bootstrap/network-services.ts";
import { packages } from "./bootstrap/packages.ts";
import { platform } from "./bootstrap/platform.ts";
import { resolver } from "./bootstrap/resolver.ts";
import type { MachineSpec } from "./bootstrap/spec.ts";
import { startUnits, supervisorUnit } from "./bootstrap/supervisor-unit.ts";
import { tree } from "./bootstrap/tree.ts";
import { trustedCertificates } from "./bootstrap/trusted-certificates.ts";
import { users } from "./bootstrap/users.ts";
import { writable } from "./bootstrap/writable.ts";
import { script } from "./prelude.ts";
import { assign } from "./shell.ts";

/** On 127.0.0.1, as bosh-agent has it: sudo looks the name up at every call, and waits for name servers that don't know it. */
const hostname = `put /etc/hostname 0644 root:root "$hostname"$'\\n'
if [ -d /run/systemd/system ]; then hostname "$hostname"; fi
if ! grep -qE "^[^#]*[[:space:]]$hostname([[:space:]]|$)" /etc/hosts; then
  if [ -n "$(tail -c 1 /etc/hosts)" ]; then echo >>/etc/hosts; fi
  printf '127.0.0.1 %s\\n' "$hostname" >>/etc/hosts
fi
`;

/**
 * Makes a VM what BOSH's jobs expect to find (design: "What a job finds on a VM"), so that it comes back after a reboot
 * without davit. Safe to repeat and to cut short. Its last line of output is for `parseFacts`.
 */
export function bootstrapScript(spec: MachineSpec): string {
	return script(
		writable,
		"exclusive bootstrap",
		"units=()",
		users(spec),
		tree(spec),
		...(spec.hostname === undefined ? [] : [assign("hostname", spec.hostname), hostname]),
		networkServices(spec),
		resolver(spec),
		...(spec.trustedCertificates === undefined ? [] : [trustedCertificates(spec.trustedCertificates)]),
		...(spec.packages === undefined ? [] : [packages(spec.packages)]),
		chpst,
		logrotate,
		swap(spec.swapMib),
		boot(spec.runDirMib ?? 16),
		...(spec.supervisor === undefined ? [] : [supervisorUnit(spec.supervisor)]),
		startUnits,
		platform,
		facts,
	);
}

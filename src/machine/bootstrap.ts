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

const hostname = `put /etc/hostname 0644 root:root "$hostname"$'\\n'
if [ -d /run/systemd/system ]; then hostname "$hostname"; fi
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
		"durable /etc /var/vcap",
		facts,
	);
}

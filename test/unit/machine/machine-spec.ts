import type { MachineSpec } from "../../../src/machine/bootstrap/spec.ts";

/** A spec with all that needs no systemd. */
export const exampleSpec: MachineSpec = {
	instance: { id: "8f3e0e3c-0001", name: "database", az: "z1", deployment: "min-4" },
	stemcell: { os: "ubuntu-jammy", version: "1.10" },
	specJson: '{"deployment":"min-4","index":0}',
	dns: ["10.77.0.2", "10.77.0.3"],
	ntp: ["10.77.0.2"],
	proxy: { http: "http://proxy:3128", no: "10.77.0.0/24,it's" },
	trustedCertificates: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
	login: { user: "davit", authorizedKeys: ["ssh-ed25519 AAAA one", "ssh-ed25519 BBBB two"] },
	supervisor: {
		files: { supervisor: "#!/bin/bash\nwhile :; do sleep 1; done\n", monit: '#!/bin/bash\necho "monit $*"\n' },
		start: "supervisor",
		monit: "monit",
	},
};

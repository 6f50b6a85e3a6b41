import { assign } from "../shell.ts";
import type { MachineSpec } from "./spec.ts";

/** Modes and owners are the agent's (bosh-agent `SetupDataDir`, `FileBundle`): what vcap may pass and what it may not. */
const folders = `mkdir -p /var/vcap
cd /var/vcap
mkdir -p bosh/bin bosh/etc bosh/log data/blobs data/compile data/jobs data/packages data/tmp data/sys/log data/sys/run \\
  instance/dns jobs monit/job packages davit/supervisor davit/hooks
if [ ! -d store ]; then mkdir store; own root:root 0755 store; fi
own root:root 0755 . bosh bosh/bin bosh/etc bosh/log data data/compile data/tmp instance instance/dns monit monit/job \\
  davit davit/supervisor davit/hooks
own root:vcap 0755 packages data/packages
own root:vcap 0750 jobs data/jobs data/sys data/sys/log
own root:vcap 0700 data/blobs
if [ ! -L sys ]; then
  if [ -d sys ]; then rmdir sys; fi
  ln -sT /var/vcap/data/sys sys
fi
put instance/id 0644 root:root "$instance_id"
put instance/name 0644 root:root "$instance_name"
put instance/az 0644 root:root "$instance_az"
put instance/deployment 0644 root:root "$instance_deployment"
put bosh/etc/operating_system 0644 root:root "$stemcell_os"
put bosh/etc/stemcell_version 0644 root:root "$stemcell_version"
put bosh/spec.json 0640 root:vcap "$spec_json"
if [ ! -e instance/health.json ]; then put instance/health.json 0644 root:root '{"state":"stopped"}'; fi
put /etc/motd 0644 root:root "$banner"
put /etc/profile.d/davit.sh 0644 root:root $'export PATH=$PATH:/var/vcap/bosh/bin\\n'
cd /
`;

/** BOSH's tree under /var/vcap, the instance's files, and a banner for whoever logs in. */
export function tree(spec: MachineSpec): string {
	const { instance, stemcell } = spec;
	const data = [
		assign("instance_id", instance.id),
		assign("instance_name", instance.name),
		assign("instance_az", instance.az),
		assign("instance_deployment", instance.deployment),
		assign("stemcell_os", stemcell.os),
		assign("stemcell_version", stemcell.version),
		assign("spec_json", spec.specJson),
		assign(
			"banner",
			`${instance.name} (${instance.id}) of deployment ${instance.deployment}, kept by davit: what is changed here by hand may be undone by the next deploy.\n`,
		),
	];
	return `mkdir -p /etc/profile.d\n${data.join("\n")}\n${folders}`;
}

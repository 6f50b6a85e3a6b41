import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { STEMCELL } from "./bosh-agent.ts";
import { preparedImage } from "./stemcell-image.ts";

/** What the stemcell calls itself. */
export const boshStemcell = { os: "debian-bookworm", version: "0.10" } as const;

/** As stemcells for OpenStack on KVM have it (bosh-linux-stemcell-builder, bosh_openstack_agent_settings). */
const AGENT_CONFIG = {
	Platform: {
		Linux: { PartitionerType: "parted", CreatePartitionIfNoEphemeralDisk: true, DevicePathResolutionType: "virtio" },
	},
	Infrastructure: {
		Settings: {
			Sources: [
				{ Type: "File", SettingsPath: "/var/vcap/bosh/agent-bootstrap-env.json" },
				{
					Type: "ConfigDrive",
					DiskPaths: ["/dev/disk/by-label/CONFIG-2", "/dev/disk/by-label/config-2"],
					MetaDataPath: "ec2/latest/meta-data.json",
					UserDataPath: "ec2/latest/user-data",
				},
			],
		},
	},
};

/** What else a stemcell has. The agent is its only source of a network: no cloud-init runs. */
const SETUP = `#!/bin/bash
set -e
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
groupadd --gid 1000 vcap
useradd --uid 1000 --gid 1000 --create-home --shell /bin/bash vcap
${STEMCELL}
cat >/usr/local/bin/resolvconf <<'END'
#!/bin/sh
if [ "$1" = -u ]; then mkdir -p /run/resolvconf; cp /etc/resolvconf/resolv.conf.d/base /run/resolvconf/resolv.conf; fi
END
systemctl enable systemd-networkd
touch /etc/stemcell-made
`;

const SETUP_UNIT = `[Unit]
ConditionPathExists=!/etc/stemcell-made
Before=ssh.service bosh-agent.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/bash /usr/local/sbin/stemcell-setup
[Install]
WantedBy=multi-user.target
`;

const AGENT_UNIT = `[Unit]
After=stemcell-setup.service
[Service]
Environment=PATH=/var/vcap/bosh/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
WorkingDirectory=/var/vcap/bosh
ExecStart=/var/vcap/bosh/bin/bosh-agent -P ubuntu -C /var/vcap/bosh/agent.json -M dummy
Restart=always
RestartSec=1
StandardOutput=append:/var/vcap/bosh/log/current
StandardError=append:/var/vcap/bosh/log/current
[Install]
WantedBy=multi-user.target
`;

const FILES: Readonly<Record<string, readonly [mode: string, text: string]>> = {
	"/var/vcap/bosh/agent.json": ["0644", JSON.stringify(AGENT_CONFIG)],
	"/var/vcap/bosh/bin/restart_networking": ["0755", "#!/bin/bash\nsystemctl restart systemd-networkd\n"],
	"/usr/local/sbin/stemcell-setup": ["0755", SETUP],
	"/etc/systemd/system/stemcell-setup.service": ["0644", SETUP_UNIT],
	"/etc/systemd/system/bosh-agent.service": ["0644", AGENT_UNIT],
	"/etc/cloud/cloud-init.disabled": ["0644", "\n"],
};

/** Bytes before the root file system of an image that davit builds. */
const ROOT_OFFSET = 64 * 1024 * 1024;

/**
 * Makes a heavy stemcell of a prepared image with the real bosh-agent in it, which DAVIT_BOSH_AGENT names, and gives its path. Kernel, disks,
 * network and config drive are real; what its project publishes stays absent: monit, runit, Ubuntu.
 */
export async function makeBoshStemcell(folder: string): Promise<string> {
	mkdirSync(folder);
	const run = (program: string, ...args: readonly string[]) =>
		execFileSync(program, args, {
			cwd: folder,
			env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
			stdio: ["ignore", "pipe", "pipe"],
		});
	run("qemu-img", "convert", "-O", "raw", await preparedImage(), "root.raw");
	copyFileSync(process.env.DAVIT_BOSH_AGENT ?? "", join(folder, "agent"));
	const put = (file: string, path: string, mode: string) => [
		`write ${file} ${path}`,
		`set_inode_field ${path} mode 010${mode}`,
		`set_inode_field ${path} uid 0`,
		`set_inode_field ${path} gid 0`,
	];
	const commands = ["/var/vcap", "/var/vcap/bosh", "/var/vcap/bosh/bin", "/var/vcap/bosh/log"].map(
		(path) => `mkdir ${path}`,
	);
	commands.push(...put("agent", "/var/vcap/bosh/bin/bosh-agent", "0755"));
	for (const [index, [path, [mode, text]]] of Object.entries(FILES).entries()) {
		writeFileSync(join(folder, `file-${index}`), text);
		commands.push(...put(`file-${index}`, path, mode));
	}
	for (const unit of ["stemcell-setup", "bosh-agent"])
		commands.push(`symlink /etc/systemd/system/multi-user.target.wants/${unit}.service ../${unit}.service`);
	writeFileSync(join(folder, "commands"), `${commands.join("\n")}\n`);
	run("debugfs", "-w", "-f", "commands", `root.raw?offset=${ROOT_OFFSET}`);
	run("qemu-img", "convert", "-O", "qcow2", "root.raw", "root.img");
	run("tar", "-cf", "image", "root.img");
	const manifest = {
		name: "bosh-openstack-kvm-debian-bookworm-go_agent",
		version: boshStemcell.version,
		operating_system: boshStemcell.os,
		api_version: 3,
		sha1: run("sha1sum", "image").toString("utf8").split(" ")[0],
		stemcell_formats: ["openstack-qcow2"],
		cloud_properties: { infrastructure: "openstack", hypervisor: "kvm", disk_format: "qcow2" },
	};
	writeFileSync(join(folder, "stemcell.MF"), JSON.stringify(manifest));
	run("tar", "-cf", "stemcell.tgz", "stemcell.MF", "image");
	run("rm", "root.raw", "root.img", "image", "agent");
	return join(folder, "stemcell.tgz");
}

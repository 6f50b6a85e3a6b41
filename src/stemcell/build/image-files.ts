import { grubConfig } from "./grub.ts";
import type { Arch, ImageKind, OperatingSystem } from "./operating-system.ts";

/** A file of the image, owned by root. */
export interface ImageFile {
	readonly path: string;
	readonly text: string;
}

/** Read while packages are installed, so they must be there before. */
export function earlyFiles(): readonly ImageFile[] {
	return [
		{ path: "/etc/initramfs-tools/conf.d/davit", text: "MODULES=most\nCOMPRESS=lz4\nCOMPRESSLEVEL=1\n" },
		{ path: "/etc/locale.gen", text: "en_US.UTF-8 UTF-8\n" },
		{ path: "/etc/default/locale", text: "LANG=en_US.UTF-8\n" },
		{ path: "/etc/timezone", text: "Etc/UTC\n" },
	];
}

/** What cloud-init doesn't write, or not in time. */
export function imageFiles(os: OperatingSystem, arch: Arch, kind: ImageKind): readonly ImageFile[] {
	const network = os.distribution === "ubuntu" ? netplanFallback : networkdFallback;
	return [
		{ path: "/boot/grub/grub.cfg", text: grubConfig(arch, kind) },
		{
			path: "/etc/fstab",
			text: "LABEL=root / ext4 defaults,errors=remount-ro 0 1\nLABEL=ESP /boot/efi vfat umask=0077,nofail,noauto 0 0\n",
		},
		{
			path: "/etc/hosts",
			text: "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\nff02::1 ip6-allnodes\nff02::2 ip6-allrouters\n",
		},
		{ path: "/etc/hostname", text: "localhost\n" },
		{ path: "/etc/apt/sources.list", text: "# cloud-init or davit writes the mirror that this machine may use.\n" },
		network,
		waitOnline,
		...(kind === "prepared" ? preparedFiles : []),
	];
}

/** After what cloud-init writes (10-cloud-init-*), for a guest that it tells nothing of its network. */
const networkdFallback = {
	path: "/etc/systemd/network/90-dhcp.network",
	text: "[Match]\nName=en* eth*\n\n[Network]\nDHCP=yes\n",
};

const netplanFallback = {
	path: "/etc/netplan/40-dhcp.yaml",
	text: 'network:\n  version: 2\n  ethernets:\n    dhcp:\n      match: {name: "e*"}\n      dhcp4: true\n      optional: true\n',
};

/** cloud-init waits for it: one network that is up is enough, and a guest whose second one has no DHCP boots all the same. */
const waitOnline = {
	path: "/etc/systemd/system/systemd-networkd-wait-online.service.d/davit.conf",
	text: "[Service]\nExecStart=\nExecStart=/lib/systemd/systemd-networkd-wait-online --any --timeout=30\n",
};

const preparedFiles: readonly ImageFile[] = [
	{
		path: "/etc/cloud/cloud.cfg.d/50-davit.cfg",
		text: `# Nothing is downloaded on a prepared image, and what its file says of sources stays.
apt: {preserve_sources_list: true}
package_update: false
package_upgrade: false
# An image has no login user of its own, whose id would be vcap's.
users: []
disable_root: true
growpart: {mode: auto, devices: [/]}
# Only what a guest of davit's needs: each stage takes time, and first contact waits for the first.
cloud_init_modules: [seed_random, bootcmd, write_files, growpart, resizefs, disk_setup, mounts, set_hostname, update_hostname, update_etc_hosts, ca_certs, users_groups, ssh]
cloud_config_modules: [set_passwords, ntp, timezone, runcmd]
cloud_final_modules: [write_files_deferred, scripts_vendor, scripts_per_once, scripts_per_boot, scripts_per_instance, scripts_user, final_message]
`,
	},
	// A job's shared memory stays when the last session of its user ends: PostgreSQL's (stemcell_builder/stages/bosh_systemd).
	{ path: "/etc/systemd/logind.conf.d/davit.conf", text: "[Login]\nRemoveIPC=no\n" },
	// Nothing of a prepared image listens to the network but sshd.
	{ path: "/etc/systemd/resolved.conf.d/50-davit.conf", text: "[Resolve]\nLLMNR=no\nMulticastDNS=no\n" },
	{ path: "/etc/apt/apt.conf.d/02periodic", text: 'APT::Periodic::Enable "0";\n' },
];

/** Units that would hold dpkg's lock, load the machine at odd times or listen on ports without being asked. Those that an image lacks do no harm. */
export const maskedUnits: Readonly<Record<ImageKind, readonly string[]>> = {
	plain: [],
	prepared: [
		"apt-daily.timer",
		"apt-daily-upgrade.timer",
		"dpkg-db-backup.timer",
		"man-db.timer",
		"e2scrub_all.timer",
		"e2scrub_reap.service",
		"motd-news.timer",
		"anacron.timer",
		"nvmf-autoconnect.service",
	],
};

/** Units that packages turn on and that nobody asked for: a mount by NFS starts what it needs by itself. */
export const disabledUnits =
	"rpcbind.socket rpcbind.service nfs-client.target sysstat.service sysstat-collect.timer sysstat-summary.timer";

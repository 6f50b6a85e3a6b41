import type { CpiErrorKind } from "../../src/cpi/errors.ts";

/** A text of virsh's, what it means and what the user does next. */
interface KnownText {
	readonly pattern: RegExp;
	readonly kind: CpiErrorKind;
	readonly message: string;
	readonly hint: string;
	readonly retryable?: boolean;
}

/**
 * The first match counts. Sources: libvirt's src/util/virerror.c (the text before the colon stands for an error number; its
 * name is in the comment), src/rpc/virnetsocket.c and src/storage/storage_driver.c, OpenSSH's ssh.c; tried with libvirt 9.0.0.
 */
export const knownTexts: readonly KnownText[] = [
	// VIR_ERR_SYSTEM_ERROR, connect(2)
	{
		pattern: /Failed to connect socket to '.*': Permission denied/,
		kind: "auth",
		message: "this user may not use libvirt's socket",
		hint: "add the user to the group that owns it (sudo usermod --append --groups libvirt USER, then log in again), or run davit with sudo",
	},
	{
		pattern: /Failed to connect socket to '.*': (No such file or directory|Connection refused)/,
		kind: "unavailable",
		message: "no libvirt daemon answers",
		hint: "install and start it on the host (Debian, Ubuntu: libvirt-daemon-system; systemctl start libvirtd), or name its socket in uri: ...?socket=PATH",
	},
	// What ssh says comes as VIR_ERR_SYSTEM_ERROR, "Cannot recv data"
	{
		pattern: /Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED/,
		kind: "auth",
		message: "the host's SSH key is not the known one",
		hint: "compare the key and put it in known_hosts: ssh USER@HOST once",
	},
	{
		pattern: /Permission denied \([a-z,-]+\)|Too many authentication failures/,
		kind: "auth",
		message: "the host does not let this user in over SSH",
		hint: "put the user's public key in authorized_keys on the host, or name the private key: uri ...?keyfile=PATH",
	},
	{
		pattern: /Could not resolve hostname/,
		kind: "invalid",
		message: "the host's name can't be resolved",
		hint: "correct uri in the properties of the CPI",
	},
	{
		pattern: /ssh: connect to host|Connection timed out|No route to host|Connection closed by|Network is unreachable/,
		kind: "unavailable",
		message: "the host can't be reached over SSH",
		hint: "look whether it is on and its SSH server listens (ssh USER@HOST), and whether a VPN or jump host is missing",
		retryable: true,
	},
	{
		pattern: /(nc|virt-ssh-helper): (command )?not found|Cannot recv data: .*command not found/,
		kind: "unsupported",
		message: "the host lacks what libvirt's SSH transport needs",
		hint: "install libvirt's daemon (it has virt-ssh-helper) or netcat-openbsd on the host",
	},
	// VIR_ERR_AUTH_UNAVAILABLE, VIR_ERR_AUTH_FAILED, VIR_ERR_AUTH_CANCELLED, VIR_ERR_ACCESS_DENIED
	{
		pattern: /authentication (unavailable|failed|cancelled)|access denied/i,
		kind: "auth",
		message: "libvirt does not let this user in",
		hint: "add the user to the group libvirt on the host, or allow org.libvirt.unix.manage by a polkit rule",
	},
	// VIR_ERR_RPC, a connection that broke
	{
		pattern: /End of file while reading data|Cannot (recv|write) data|client socket is closed|connection (reset|lost)/i,
		kind: "unavailable",
		message: "the connection to libvirt broke",
		hint: "look whether the daemon runs on the host (systemctl status libvirtd)",
		retryable: true,
	},
	// No KVM: qemu's own text, and VIR_ERR_CONFIG_UNSUPPORTED
	{
		pattern:
			/\/dev\/kvm|KVM is not supported|KVM kernel module|type='?kvm|virt ?type '?kvm|kvm_[a-z_]+: Assertion|(invalid accelerator|the accel) '?kvm/,
		kind: "unsupported",
		message: "the host has no hardware virtualisation for its VMs",
		hint: "turn it on in the firmware (VT-x, AMD-V), allow nesting if the host is a VM, or set virtualization: qemu (emulation, slow)",
	},
	{
		pattern: /No space left on device|not enough (free )?space|insufficient .*space/i,
		kind: "capacity",
		message: "the storage of the host is full",
		hint: "make room in the pool (virsh pool-info POOL; davit delete-disk for orphaned disks), or name another pool",
	},
	{
		pattern: /Disk quota exceeded/,
		kind: "quota",
		message: "the quota of the host's storage is used up",
		hint: "raise it or make room in the pool",
	},
	{
		pattern: /Cannot allocate memory|cannot set up guest memory|out of memory/i,
		kind: "capacity",
		message: "the host has not enough memory",
		hint: "ask for less memory, delete VMs, or use another host",
	},
	// VIR_ERR_NO_STORAGE_POOL, VIR_ERR_NO_NETWORK, VIR_ERR_NO_STORAGE_VOL, VIR_ERR_NO_DOMAIN
	{
		pattern: /failed to get pool|Storage pool not found|no storage pool/i,
		kind: "invalid",
		message: "the host has no such storage pool",
		hint: "virsh pool-list --all shows what there is; name one as pool, or make it: virsh pool-define-as default dir --target /var/lib/libvirt/images",
	},
	{
		pattern: /failed to get network|Network not found|no network with matching name/i,
		kind: "invalid",
		message: "the host has no such network",
		hint: "virsh net-list --all shows what there is; correct name in the network's cloud_properties, or the CPI's property network",
	},
	{
		pattern:
			/Cannot get interface MTU on|Unable to add port .* to (bridge|OVS)|Cannot find device|failed to get bridge/i,
		kind: "invalid",
		message: "the host has no such bridge",
		hint: "ip link show type bridge shows what there is; correct bridge in the network's cloud_properties",
	},
	{
		pattern: /storage pool '.*' is not active/,
		kind: "invalid",
		message: "the storage pool is not started",
		hint: "virsh pool-start POOL; virsh pool-autostart POOL",
	},
	{
		pattern: /network '.*' is not active|network is not (running|active)/i,
		kind: "invalid",
		message: "the network is not started",
		hint: "virsh net-start NETWORK; virsh net-autostart NETWORK",
	},
	{
		pattern: /failed to get vol|Storage volume not found|no storage vol/i,
		kind: "not-found",
		message: "the host has no such volume",
		hint: "virsh vol-list POOL shows what there is",
	},
	{
		pattern: /failed to get domain|Domain not found|no domain with matching/i,
		kind: "not-found",
		message: "the host has no such VM",
		hint: "virsh list --all shows what there is",
	},
	// VIR_ERR_OPERATION_TIMEOUT, VIR_ERR_AGENT_UNRESPONSIVE; jobs of others on the same thing
	{
		pattern:
			/cannot acquire state change lock|still being allocated|asynchronous jobs running|another (backup )?job|is busy|in use by another process/i,
		kind: "unavailable",
		message: "libvirt is busy with it",
		hint: "wait until what runs there has ended (virsh domjobinfo VM), then run the command again",
		retryable: true,
	},
	{
		pattern: /Failed to get "?(shared )?"?(write|consistent read)"? lock|Is another process using the image/i,
		kind: "invalid",
		message: "another VM or program has the image open",
		hint: "find it (lsof, virsh domblklist) and end it: a disk is never in two VMs",
	},
	{
		pattern: /No more available PCI slots|No more available PCI addresses/i,
		kind: "quota",
		message: "the VM has no free slot for another disk",
		hint: "recreate the VM with fewer disks or networks",
	},
];

import { expect, test } from "vitest";
import { virshError } from "../../../../cpis/libvirt/errors.ts";

/** What virsh 9.0.0 and OpenSSH 9.2 say, and what it means. */
test.each([
	["Failed to connect socket to '/run/libvirt/libvirt-sock': Permission denied", "auth", false, "usermod"],
	["Failed to connect socket to '/run/libvirt/libvirt-sock': No such file or directory", "unavailable", false, "start"],
	["Cannot recv data: Host key verification failed.: Connection reset by peer", "auth", false, "known_hosts"],
	["Cannot recv data: ops@h: Permission denied (publickey).: Connection reset by peer", "auth", false, "keyfile"],
	["Cannot recv data: ssh: connect to host h port 22: Connection refused: Connection reset", "unavailable", true, "on"],
	["Cannot recv data: ssh: Could not resolve hostname h: Name or service not known", "invalid", false, "uri"],
	["authentication unavailable: no polkit agent available to authenticate", "auth", false, "polkit"],
	["End of file while reading data: Input/output error", "unavailable", true, "daemon"],
	[
		"internal error: process exited while connecting to monitor: Could not access KVM kernel module",
		"unsupported",
		false,
		"virtualization: qemu",
	],
	[
		"qemu-system-x86_64: ../../target/i386/kvm/kvm.c:3183: kvm_buf_set_msrs: Assertion `ret ==",
		"unsupported",
		false,
		"virtualization: qemu",
	],
	[
		"failed to get emulator capabilities\nerror: invalid argument: the accel 'kvm' is not supported by '/usr/bin/qemu-system-x86_64' on this host",
		"unsupported",
		false,
		"virtualization: qemu",
	],
	["cannot extend file '/pool/x': No space left on device", "capacity", false, "pool"],
	[
		"failed to get pool 'x'\nerror: Storage pool not found: no storage pool with matching name 'x'",
		"invalid",
		false,
		"pool-list",
	],
	[
		"failed to get network 'x'\nerror: Network not found: no network with matching name 'x'",
		"invalid",
		false,
		"net-list",
	],
	["Cannot get interface MTU on 'br9': No such device", "invalid", false, "bridge"],
	["Requested operation is not valid: network 'x' is not active", "invalid", false, "net-start"],
	[
		"Timed out during operation: cannot acquire state change lock (held by monitor=remoteDispatch)",
		"unavailable",
		true,
		"wait",
	],
	['Failed to get "write" lock', "invalid", false, "disk"],
	["something that nobody foresaw", "unavailable", false, ""],
] as const)("%s", (text, kind, retryable, hint) => {
	const error = virshError("createVm", "rack-1", `error: Failed to do it\nerror: ${text}`);
	expect(error).toMatchObject({ kind, retryable, iaas: "libvirt", operation: "createVm" });
	expect(error.message).toContain("host rack-1: Failed to do it; ");
	expect(error.hint ?? "").toContain(hint);
});

import type { AgentSettings, GuestSeed } from "./cpi.ts";

/** A host name (RFC 1123) made of any text: letters, digits and dashes, at most 63 of them. */
export function hostName(text: string): string {
	const name = text
		.toLowerCase()
		.replace(/[^a-z0-9]+/g, "-")
		.slice(0, 63)
		.replace(/^-+|-+$/g, "");
	return name === "" ? "vm" : name;
}

/** True for what useradd(8) takes as an account's name on every distribution. */
export function isAccountName(name: string): boolean {
	return /^[a-z_][a-z0-9_-]{0,31}$/.test(name);
}

/** cloud-init's name for a host key's algorithm (`ssh_keys` of its module "SSH"). */
function keyType(publicKey: string): string {
	const [algorithm = ""] = publicKey.trim().split(" ");
	if (algorithm.startsWith("ecdsa-")) return "ecdsa";
	return algorithm === "ssh-rsa" ? "rsa" : "ed25519";
}

/**
 * cloud-init user data that makes first contact need no trust: the login user with its keys and sudo without a password, and
 * the host key that the VM must show. Source: cloud-init's modules "Users and Groups", "SSH", "Update Hostname", "Update Etc Hosts".
 * JSON is YAML: nothing in it can be mistaken for markup.
 */
export function cloudConfig({ hostname, loginUser, authorizedKeys, hostKey }: GuestSeed): string {
	const type = keyType(hostKey.publicKey);
	const name = hostName(hostname);
	const config = {
		hostname: name,
		preserve_hostname: false,
		manage_etc_hosts: "localhost",
		users: [
			{
				name: loginUser,
				shell: "/bin/bash",
				lock_passwd: true,
				sudo: "ALL=(ALL) NOPASSWD:ALL",
				ssh_authorized_keys: authorizedKeys.map((key) => key.trim()),
			},
		],
		disable_root: loginUser !== "root",
		ssh_pwauth: false,
		ssh_deletekeys: true,
		ssh_keys: {
			[`${type}_private`]: `${hostKey.privateKey.trimEnd()}\n`,
			[`${type}_public`]: hostKey.publicKey.trim(),
		},
	};
	return `#cloud-config\n${JSON.stringify(config, undefined, 2)}\n`;
}

/** What a CPI knows of a VM's devices. */
export interface AgentDevices {
	/** MAC address by network. */
	readonly macs: Readonly<Record<string, string>>;
	/** Path of the disk that the VM boots from. */
	readonly systemDisk: string;
	/** Path of the disk for /var/vcap/data, if it has one. */
	readonly ephemeralDisk?: string;
}

/** The text that a BOSH stemcell's agent reads, with the VM's devices in it. */
export function agentUserData(settings: AgentSettings, { macs, systemDisk, ephemeralDisk }: AgentDevices): string {
	const networks = Object.entries(settings.networks).map(([name, network]) => {
		const mac = macs[name];
		return [name, mac === undefined ? network : { ...network, mac }] as const;
	});
	const ephemeral = ephemeralDisk === undefined ? {} : { ephemeral: { path: ephemeralDisk } };
	const disks = { system: systemDisk, ...ephemeral, persistent: {} };
	return `${JSON.stringify({ ...settings, networks: Object.fromEntries(networks), disks })}\n`;
}

/** One VM for OpenSSH's client. Paths are absolute. */
export interface OpenSshHost {
	/** What the user may call it; the first is the name of its host keys. */
	readonly aliases: readonly string[];
	readonly user: string;
	readonly identityFile: string;
	readonly knownHostsFile: string;
	/** The shell command that carries the bytes. */
	readonly proxyCommand: string;
}

/** A section of ssh_config(5): only the known host key is accepted, only davit's login key is offered. */
export function openSshConfig({ aliases, user, identityFile, knownHostsFile, proxyCommand }: OpenSshHost): string {
	const [name = "", ...others] = aliases;
	const lines = [
		`Host ${[name, ...others].join(" ")}`,
		`  HostKeyAlias ${name}`,
		`  User ${user}`,
		`  IdentityFile ${path(identityFile)}`,
		"  IdentitiesOnly yes",
		`  UserKnownHostsFile ${path(knownHostsFile)}`,
		"  GlobalKnownHostsFile none",
		"  StrictHostKeyChecking yes",
		"  UpdateHostKeys no",
		"  PreferredAuthentications publickey",
		"  ServerAliveInterval 15",
		"  SendEnv LANG LC_*",
		`  ProxyCommand ${percent(proxyCommand)}`,
	];
	return `${lines.join("\n")}\n`;
}

/** Lines of a known_hosts file for the host that is first called `name`. */
export function openSshKnownHosts(name: string, hostKeys: readonly string[]): string {
	return hostKeys.map((key) => `${name} ${key.trim().split(/\s+/).slice(0, 2).join(" ")}\n`).join("");
}

function path(text: string): string {
	return `"${percent(text).replace(/["\\]/g, "\\$&")}"`;
}

/** ssh_config's own tokens begin with a percent sign. */
function percent(text: string): string {
	return text.replaceAll("%", "%%");
}

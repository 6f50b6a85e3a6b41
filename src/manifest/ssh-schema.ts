import { z } from "zod";
import type { SshConfig } from "./cloud.ts";
import { compact, names, optional, section, text } from "./section.ts";

const port = z.int().min(1).max(65535);

const jumpHost = section({
	host: text.describe("Name or address."),
	port: optional(port).describe("sshd's port on it; default 22."),
	user: text.describe("Login user on it."),
	host_keys: names.min(1).describe("Public keys, as in known_hosts; no other is accepted."),
	private_key: optional(text).describe("Private key as text; without it the SSH agent's keys."),
}).transform((given) => ({
	host: given.host,
	port: given.port ?? 22,
	user: given.user,
	hostKeys: given.host_keys,
	...compact({ privateKey: given.private_key }),
}));

const dialer = z.union(
	[
		z.literal("direct").transform(() => ({ type: "direct" as const })),
		section({
			jump: optional(z.array(jumpHost).min(1)).describe("Jump hosts, the first is dialled from here."),
			command: optional(text).describe("A ProxyCommand; %h and %p are host and port."),
		}),
	],
	"direct, a map with jump: [hosts], or a map with command: text",
);

/** How the VMs of some AZs are reached. */
const entry = section({
	user: optional(text).describe("Login user that davit makes on VMs; default davit."),
	port: optional(port).describe("sshd's port on VMs; default 22."),
	network: optional(text).describe("The network whose address is dialled."),
	azs: optional(names).describe("AZs that this is for; none: all."),
	dialer: optional(dialer).describe("direct (default), through jump hosts, or by a command."),
});

/** `ssh:` of the cloud file: one map, or a list of them. */
export const ssh = z.union([z.array(entry), entry.transform((only) => [only])], "a map, or a list of maps");

/** The entries with their defaults: port 22, the user that davit makes. */
export function readSsh(written: z.output<typeof ssh> | undefined, defaultUser: string): readonly SshConfig[] {
	return (written ?? []).map((given) => ({
		azs: given.azs ?? [],
		user: given.user ?? defaultUser,
		port: given.port ?? 22,
		...compact({ network: given.network, dialer: dialerOf(given.dialer) }),
	}));
}

function dialerOf(given: z.output<typeof dialer> | undefined): SshConfig["dialer"] | undefined {
	if (given === undefined || "type" in given) return given;
	if (given.jump) return { type: "jump", hosts: given.jump };
	return given.command === undefined ? undefined : { type: "command", command: given.command };
}

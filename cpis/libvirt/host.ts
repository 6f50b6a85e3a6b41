import type { Call } from "../../src/cpi/call.ts";
import type { HostConfig, LibvirtConfig } from "./config.ts";
import { libvirtError } from "./errors.ts";
import type { Location } from "./names.ts";
import { type Command, type Connection, must, virsh } from "./virsh.ts";
import { at, parseXml } from "./xml.ts";

/** What a host offers; asked once. */
interface HostFacts {
	/** Where the pool's volumes are, on the host. */
	readonly poolPath: string;
	readonly type: "kvm" | "qemu";
	readonly arch: string;
	readonly machine: string;
}

export interface Host {
	readonly config: HostConfig;
	readonly connection: Connection;
	facts(call: Call): Promise<HostFacts>;
}

export function openHost(config: HostConfig, { env, virtualization }: LibvirtConfig): Host {
	const connection = { host: config.name ?? config.uri, uri: config.uri, env };
	let known: HostFacts | undefined;
	return {
		config,
		connection,
		facts: async (call) => {
			known ??= await askFacts(call, connection, config.pool, virtualization);
			return known;
		},
	};
}

async function askFacts(
	call: Call,
	connection: Connection,
	pool: string,
	wanted: "kvm" | "qemu" | undefined,
): Promise<HostFacts> {
	call.doing(`host ${connection.host} told what it offers`);
	const capabilities = ["domcapabilities", ...(wanted === undefined ? [] : ["--virttype", wanted])];
	const found = await virsh(call, connection, [capabilities, ["pool-dumpxml", pool]]);
	must(call, connection, found);
	const [domain, storage] = found.map(({ out }) => parseXml(out));
	const text = (path: string) => at(domain, path)[0]?.text ?? "";
	const type = text("domain") === "kvm" ? "kvm" : "qemu";
	const poolPath = at(storage, "target/path")[0]?.text;
	if (poolPath === undefined || /^(logical|disk|iscsi|scsi|rbd|zfs)/.test(storage?.attributes.type ?? ""))
		throw libvirtError(
			"unsupported",
			call.operation,
			`pool ${pool} of host ${connection.host} is of type ${storage?.attributes.type}`,
			{
				hint: "davit keeps qcow2 files: name a pool of type dir, fs or netfs",
			},
		);
	return { poolPath, type, arch: text("arch"), machine: text("machine") };
}

/** Runs commands on a host over one connection. */
export function on(call: Call, host: Host, commands: readonly Command[], input?: Parameters<typeof virsh>[3]) {
	return virsh(call, host.connection, commands, input);
}

/** The host of a cid. One without a host's name stems from a time with `uri`: it is on the first one. */
export function hostAt(hosts: readonly Host[], { host, name }: Location, operation: string): Host {
	const found = host === undefined ? hosts[0] : hosts.find(({ config }) => config.name === host);
	if (found) return found;
	throw libvirtError("invalid", operation, `${name} is on host ${host}, which the CPI's properties don't name`, {
		hint: `put ${host} under hosts: again, with its uri`,
	});
}

/** The host that cloud_properties name. */
export function chooseHost(hosts: readonly Host[], name: string | undefined, operation: string, what: string): Host {
	const [only] = hosts;
	if (name === undefined && hosts.length === 1 && only) return only;
	const found = hosts.find(({ config }) => config.name === name);
	if (name !== undefined && found) return found;
	const names = hosts.map(({ config }) => config.name ?? "(one without a name)").join(", ");
	const message = name === undefined ? `${what}: no host is named` : `${what}: there is no host ${name}`;
	throw libvirtError("invalid", operation, message, {
		hint: `the CPI's hosts are: ${names}; the AZ's cloud_properties name one: host: NAME`,
	});
}

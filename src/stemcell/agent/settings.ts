import type { AgentSettings, VmNetwork } from "../../cpi/cpi.ts";
import { formatIp, parseIp } from "../../manifest/ip.ts";
import type { AgentEndpoint } from "./endpoint.ts";

type Data = Readonly<Record<string, unknown>>;

/** The manifest's `env` with the endpoint in it, as every CPI takes it in create_vm; what the manifest says of `bosh.mbus` gives way. */
export function agentEnvironment(env: Data, endpoint: AgentEndpoint): Data {
	const bosh = (env.bosh ?? {}) as Data;
	return { ...env, bosh: { ...bosh, mbus: agentMessageBus(endpoint) } };
}

/** Where the agent listens and with which certificate, as `env.bosh.mbus` and update_settings have it. */
export function agentMessageBus(endpoint: AgentEndpoint): Data {
	return { urls: [mbusUrl(endpoint)], cert: endpoint.certificate };
}

/** On all addresses of the VM, those of IPv6 included. */
function mbusUrl({ user, password, port }: AgentEndpoint): string {
	return `https://${user}:${password}@0.0.0.0:${port}`;
}

/**
 * What the agent reads from user data, a config drive or a CD-ROM when there is no registry (bosh-agent, settings/settings.go; CPI API v2);
 * the CPI adds the VM's devices. Swap is davit's to make, as on other stemcells: the agent makes none. So is the time. Blobs never pass through
 * the agent, but it wants a store: its own folder.
 */
export function agentSettings({
	endpoint,
	vmName,
	networks,
	env,
}: {
	readonly endpoint: AgentEndpoint;
	readonly vmName: string;
	readonly networks: Readonly<Record<string, VmNetwork>>;
	/** The manifest's. */
	readonly env: Data;
}): AgentSettings {
	const entries = Object.entries(networks).map(([name, network]) => [name, agentNetwork(network)] as const);
	const bosh = { ...(env.bosh as Data | undefined), swap_size: 0 };
	return {
		agent_id: endpoint.agentId,
		vm: { name: vmName },
		mbus: mbusUrl(endpoint),
		networks: Object.fromEntries(entries),
		env: agentEnvironment({ ...env, bosh }, endpoint),
		ntp: [],
		blobstore: { provider: "local", options: { blobstore_path: "/var/vcap/micro_bosh/data/cache" } },
	};
}

function agentNetwork({ type, ip, prefix, gateway, dns, default: carries, cloudProperties }: VmNetwork): Data {
	return {
		type,
		...(ip === undefined ? {} : { ip }),
		...(ip === undefined || prefix === undefined ? {} : { netmask: netmask(ip, prefix) }),
		...(gateway === undefined ? {} : { gateway }),
		dns,
		default: carries,
		cloud_properties: cloudProperties,
	};
}

/** `255.255.255.0`, `ffff:ffff::`; the agent reads no prefix lengths here. */
function netmask(ip: string, prefix: number): string {
	const bits = parseIp(ip)?.bits ?? 32;
	const value = ((1n << BigInt(prefix)) - 1n) << BigInt(bits - prefix);
	return formatIp({ bits, value });
}

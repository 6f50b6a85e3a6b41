import { expect, test } from "vitest";
import type { VmNetwork } from "../../../../src/cpi/cpi.ts";
import { agentEnvironment, agentSettings } from "../../../../src/stemcell/agent/settings.ts";

const endpoint = {
	agentId: "0f5a9d2e-6f0b-4d7e-9f55-3f1c1b1c2a10",
	port: 6868,
	user: "davit",
	password: "secret",
	certificate: { ca: "CA", certificate: "CERTIFICATE", private_key: "KEY" },
};
const mbus = { urls: ["https://davit:secret@0.0.0.0:6868"], cert: endpoint.certificate };

const manual: VmNetwork = {
	type: "manual",
	ip: "10.0.1.5",
	prefix: 20,
	gateway: "10.0.0.1",
	dns: ["10.0.0.2"],
	default: ["dns", "gateway"],
	cloudProperties: { subnet: "subnet-1" },
};

test("the environment keeps what the manifest says, but for the message bus", () => {
	const env = { persistent_disk_fs: "xfs", bosh: { password: "$6$x", swap_size: 0, mbus: { urls: ["nats://x"] } } };
	expect(agentEnvironment(env, endpoint)).toEqual({
		persistent_disk_fs: "xfs",
		bosh: { password: "$6$x", swap_size: 0, mbus },
	});
	expect(agentEnvironment({}, endpoint)).toEqual({ bosh: { mbus } });
});

test("the settings are what a registry would have given, but for devices; no swap is asked for", () => {
	const networks: Readonly<Record<string, VmNetwork>> = {
		private: manual,
		six: { type: "manual", ip: "fd00::5", prefix: 64, gateway: "fd00::1", dns: [], default: [], cloudProperties: {} },
		any: { type: "dynamic", dns: [], default: [], cloudProperties: {} },
		public: { type: "vip", ip: "203.0.113.5", dns: [], default: [], cloudProperties: {} },
	};
	const settings = agentSettings({
		endpoint,
		vmName: "vm-1",
		networks,
		env: { persistent_disk_fs: "xfs", bosh: { swap_size: 64 } },
	});
	expect(settings).toEqual({
		agent_id: endpoint.agentId,
		vm: { name: "vm-1" },
		mbus: "https://davit:secret@0.0.0.0:6868",
		networks: {
			private: {
				type: "manual",
				ip: "10.0.1.5",
				netmask: "255.255.240.0",
				gateway: "10.0.0.1",
				dns: ["10.0.0.2"],
				default: ["dns", "gateway"],
				cloud_properties: { subnet: "subnet-1" },
			},
			six: {
				type: "manual",
				ip: "fd00::5",
				netmask: "ffff:ffff:ffff:ffff::",
				gateway: "fd00::1",
				dns: [],
				default: [],
				cloud_properties: {},
			},
			any: { type: "dynamic", dns: [], default: [], cloud_properties: {} },
			public: { type: "vip", ip: "203.0.113.5", dns: [], default: [], cloud_properties: {} },
		},
		env: { persistent_disk_fs: "xfs", bosh: { swap_size: 0, mbus } },
		ntp: [],
		blobstore: { provider: "local", options: { blobstore_path: "/var/vcap/micro_bosh/data/cache" } },
	});
});

import type { AgentSettings, GuestSeed } from "../../src/cpi/cpi.ts";
import { agentUserData, cloudConfig, hostName } from "../../src/cpi/user-data.ts";
import { EPHEMERAL } from "./domain.ts";
import { isoImage } from "./iso9660.ts";
import { type Nic, networkConfig } from "./nics.ts";

/** The disk that cloud-init's data source NoCloud reads: a CD-ROM image called "cidata". */
export function seedImage(name: string, seed: GuestSeed, nics: readonly Nic[]): Buffer {
	const metaData = { "instance-id": name, "local-hostname": hostName(seed.hostname) };
	return isoImage("cidata", {
		"meta-data": `${JSON.stringify(metaData)}\n`,
		"network-config": networkConfig(nics),
		"user-data": cloudConfig(seed),
	});
}

/**
 * The disk that the agent of BOSH's stemcells for OpenStack on KVM reads: a config drive called "config-2" (bosh-linux-stemcell-builder,
 * bosh_openstack_agent_settings).
 */
export function configDrive(name: string, settings: AgentSettings, nics: readonly Nic[], ephemeral: boolean): Buffer {
	const macs = Object.fromEntries(nics.map(({ network, mac }) => [network, mac]));
	const ephemeralDisk = ephemeral ? { ephemeralDisk: `/dev/disk/by-id/virtio-${EPHEMERAL.serial}` } : {};
	return isoImage("config-2", {
		"ec2/latest/meta-data.json": `${JSON.stringify({ "instance-id": name })}\n`,
		"ec2/latest/user-data": agentUserData(settings, { macs, systemDisk: "/dev/vda", ...ephemeralDisk }),
	});
}

import type { GuestSeed } from "../../src/cpi/cpi.ts";
import { cloudConfig, hostName } from "../../src/cpi/user-data.ts";
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

import { valueMap } from "./section.ts";

/** What editors and the reference page say of keys in free data; nothing is checked by it. */
interface Told {
	readonly description: string;
	readonly type?: "object";
	readonly properties?: Readonly<Record<string, Told>>;
}

/** The agent of a BOSH stemcell gets all of `env`, and does more. */
const agent = (what: string): Told => ({ description: `For the agent of a BOSH stemcell, else passed over: ${what}` });

const map = (description: string, properties: Readonly<Record<string, Told>>): Told => ({
	type: "object",
	description,
	properties,
});

const bosh: Readonly<Record<string, Told>> = {
	swap_size: {
		description: "Swap in MiB; 0: none. Default: as much as there is memory, at most half the ephemeral disk.",
	},
	run_dir: map("/var/vcap/data/sys/run.", { tmpfs_size: { description: "Its size: MiB, or 16m, 1g. Default 16m." } }),
	ntp: { description: "Time servers, instead of those of the cloud file." },
	password: agent("the crypted password of vcap and root."),
	keep_root_password: agent("true: root keeps the image's password."),
	authorized_keys: agent("public keys that may log in as vcap."),
	remove_dev_tools: agent("true: compilers are removed."),
	remove_static_libraries: agent("true: static libraries are removed."),
	ipv6: agent("enable: true turns IPv6 on."),
	job_dir: agent("tmpfs: true keeps rendered templates in memory, tmpfs_size at most."),
	agent: agent("settings.tmpfs: true keeps the agent's settings in memory."),
	parallel: agent("how many packages are fetched at a time."),
	blobstores: agent("where its blobs are."),
	mbus: { description: "Read and passed over: the agent listens where davit tells it to." },
};

/** The environment of a group's VMs: free data, of which these keys mean something. */
export const env = valueMap.meta({
	type: "object",
	properties: {
		persistent_disk_fs: { description: "File system of the persistent disk: ext4 (default) or xfs." },
		persistent_disk_mount_options: { description: "List of its mount options, such as noatime." },
		persistent_disk_partitioner: { description: "Read and passed over: davit's disks have no partitions." },
		bosh: map("What BOSH's agent reads.", bosh),
	},
});

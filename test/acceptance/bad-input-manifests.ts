import type { World } from "../support/acceptance.ts";

/** A wrong input: `write` puts bad.yml and what it needs into the world. */
export interface BadInput {
	readonly name: string;
	readonly write: (world: World) => void | Promise<void>;
	/** Instead of `deploy bad.yml`. */
	readonly manifest?: string;
	readonly args?: readonly string[];
	readonly code?: number;
}

const head = `name: tiny
releases:
- name: tiny
  version: create
  url: ./release
stemcells:
- alias: default
  os: local
  version: "1"
update:
  canaries: 1
  max_in_flight: 1
  canary_watch_time: 100-30000
  update_watch_time: 100-30000
`;

/** What differs from a sound instance group. */
interface Group {
	readonly name?: string;
	readonly azs?: string;
	readonly vmType?: string;
	readonly stemcell?: string;
	readonly network?: string;
	/** Lines below the network's name. */
	readonly inNetwork?: readonly string[];
	readonly job?: string;
	readonly release?: string;
	/** Lines below the job's name. */
	readonly inJob?: readonly string[];
}

/** An instance group as people write it, so that lines and columns are worth something. */
export function group(given: Group = {}): string {
	const { name = "web", azs = "z1", vmType = "minimal", stemcell = "default", network = "default" } = given;
	const { inNetwork = [], job = "app", release = "tiny", inJob = ["properties:", "  greeting: hello"] } = given;
	const below = (lines: readonly string[]) => lines.map((line) => `    ${line}\n`).join("");
	return `- name: ${name}
  azs: [${azs}]
  instances: 1
  vm_type: ${vmType}
  stemcell: ${stemcell}
  networks:
  - name: ${network}
${below(inNetwork)}  jobs:
  - name: ${job}
    release: ${release}
${below(inJob)}`;
}

/** A whole manifest of these groups. */
export const manifest = (groups: readonly string[], more = "") => `${head}${more}instance_groups:\n${groups.join("")}`;
const bad = (name: string, text: string, more: Partial<BadInput> = {}): BadInput => ({
	name,
	write: (world) => void world.write("bad.yml", text),
	...more,
});

/** The cloud file of all: its lines stand in messages. */
export const cloud = `cpis:
- {name: local, type: local}
azs:
- name: z1
- name: z2
vm_types:
- name: minimal
- name: large
networks:
- name: default
  type: manual
  subnets:
  - range: 10.77.0.0/24
    gateway: 10.77.0.1
    azs: [z1, z2]
    reserved: [10.77.0.2-10.77.0.9]
    static: [10.77.0.10-10.77.0.99]
`;

/** Each item of a manifest and of the files beside it that people get wrong. */
export const badManifests: readonly BadInput[] = [
	{ name: "a missing manifest", write: () => {}, manifest: "manifests/tiny.yml" },
	bad("a missing ops file", manifest([group()]), { args: ["-o", "operations/tls.yml", "-l", "vars.yml"] }),
	bad("a missing vars file", manifest([group()]), { args: ["-l", "vars.yml"] }),
	bad("a missing cloud file", manifest([group()]), { args: ["--cloud", "clouds/aws.yml"] }),
	bad("a missing release folder", manifest([group()]).replace("./release", "./releases/tiny")),
	bad("a missing release tarball", manifest([group()]).replace("./release", "./releases/tiny-1.tgz")),
	bad("bad YAML", manifest([group()]).replace("azs: [z1]", "azs: [z1")),
	bad("a list that is written as a map", manifest([group()]).replace("  networks:\n  - name", "  networks:\n    name")),
	bad("a tab in YAML", manifest([group()]).replace("  networks:", "\tnetworks:")),
	bad("a misspelt top-level key", manifest([group()]).replace("instance_groups", "instance-groups")),
	bad(
		"misspelt keys all at once",
		manifest([group()]).replace("instances:", "instnaces:").replace("vm_type:", "vmtype:").replace("os:", "OS:"),
	),
	bad("missing variables", manifest([group({ azs: "((az))", inJob: ["properties:", "  greeting: ((greeting))"] })])),
	bad(
		"names that nothing has",
		manifest([
			group({ job: "ap" }),
			group({ name: "db", release: "tinny" }),
			group({ name: "cc", azs: "z4" }),
			group({ name: "router", network: "defualt" }),
			group({ name: "cell", vmType: "minmal", stemcell: "defaut" }),
		]),
	),
	bad("an unknown job", manifest([group({ job: "ap" })])),
	bad("a static IP that is reserved", manifest([group({ inNetwork: ["static_ips: [10.77.0.5]"] })])),
	bad("a static IP outside the range", manifest([group({ inNetwork: ["static_ips: [10.9.9.9]"] })])),
	bad("a static IP that is not static", manifest([group({ inNetwork: ["static_ips: [10.77.0.200]"] })])),
	bad("a static IP that is the gateway", manifest([group({ inNetwork: ["static_ips: [10.77.0.1]"] })])),
	bad(
		"two instances on one IP",
		manifest([
			group({ inNetwork: ["static_ips: [10.77.0.20]"] }),
			group({ name: "db", inNetwork: ["static_ips:", "- 10.77.0.20"] }),
		]),
	),
];

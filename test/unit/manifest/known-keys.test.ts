import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import { interpolateManifest } from "../../../src/manifest/interpolate-manifest.ts";
import { type JsonSchema, jsonSchema, type SchemaName } from "../../../src/manifest/json-schema.ts";
import { readResurrection } from "../../../src/manifest/resurrection-config.ts";
import { withRuntimeConfigs } from "../../../src/manifest/runtime-config.ts";
import { parseCloud, parseDeployment } from "../../../src/manifest/schema.ts";

/** What davit does with a key of BOSH: it counts; it is passed over, or left to a BOSH stemcell's agent, and its description says so; or it is refused by name, as not done
 * yet or as a key of another file. */
type Fate = "read" | "passed over" | "for an agent" | "not-yet" | "not-here";
type Row = readonly [path: string, value: unknown, fate: Fate];

const UPDATE = { canaries: 1, max_in_flight: 1, canary_watch_time: 1000, update_watch_time: 1000 };

const LINK = { name: "own", type: "t" };

/** Small files in which each of the keys below has a place. A row's value is another than theirs. */
const files: Readonly<Record<SchemaName, object>> = {
	deployment: {
		name: "d",
		releases: [{ name: "tiny", version: "1", stemcell: { os: "ubuntu-jammy", version: "1.1" } }],
		stemcells: [{ alias: "default", os: "ubuntu-jammy", version: "1.1" }],
		update: UPDATE,
		instance_groups: [
			{
				name: "web",
				instances: 1,
				vm_type: "small",
				stemcell: "default",
				networks: [{ name: "default" }],
				migrated_from: [{ name: "old" }],
				jobs: [
					{
						name: "app",
						release: "tiny",
						consumes: { db: {} },
						provides: { api: { aliases: [{ domain: "a.internal" }] } },
						custom_provider_definitions: [LINK],
					},
				],
			},
			{
				name: "sized",
				instances: 0,
				vm_resources: { cpu: 1, ram: 1, ephemeral_disk_size: 1 },
				stemcell: "default",
				networks: [{ name: "default" }],
				persistent_disks: [{ name: "log", type: "d2" }],
				jobs: [],
			},
		],
		addons: [{ name: "all", jobs: [{ name: "agent", release: "tiny" }], include: {}, exclude: {} }],
		variables: [{ name: "pw", type: "password" }],
	},
	cloud: {
		azs: [{ name: "z1" }],
		vm_types: [{ name: "small" }],
		vm_extensions: [{ name: "lb" }],
		disk_types: [{ name: "d1", disk_size: 1024 }],
		networks: [
			{
				name: "m",
				subnets: [{ range: "10.0.0.0/24", gateway: "10.0.0.1" }],
			},
			{ name: "d", type: "dynamic", subnets: [{}] },
			{ name: "w", type: "dynamic" },
			{ name: "v", type: "vip", subnets: [{}] },
		],
		compilation: { workers: 1, network: "v" },
		cpis: [{ name: "main", type: "local" }],
	},
	resurrection: { rules: [{ enabled: true }] },
	runtime: { releases: [{ name: "os-conf", version: "1" }], addons: [], variables: [] },
};

const updates = (path: string): Row[] => [
	[`${path}/canaries`, "20%", "read"],
	[`${path}/max_in_flight`, 3, "read"],
	[`${path}/canary_watch_time`, "1000-5000", "read"],
	[`${path}/update_watch_time`, 4000, "read"],
	[`${path}/serial`, false, "read"],
	[`${path}/vm_strategy`, "create-swap-delete", "read"],
	[`${path}/initial_deploy_az_update_strategy`, "parallel", "read"],
];

const jobs = (path: string): Row[] => [
	[`${path}/name`, "other", "read"],
	[`${path}/properties`, { a: 1 }, "read"],
	[`${path}/consumes`, { other: "nil" }, "read"],
	[`${path}/provides`, { other: "nil" }, "read"],
	[`${path}/custom_provider_definitions`, [{ name: "other", type: "u" }], "read"],
];

const filters = (path: string): Row[] => [
	[`${path}/stemcell`, [{ os: "ubuntu-jammy" }], "read"],
	[`${path}/jobs`, [{ name: "app", release: "tiny" }], "read"],
	[`${path}/instance_groups`, ["web"], "read"],
	[`${path}/networks`, ["default"], "read"],
	[`${path}/azs`, ["z1"], "read"],
	[`${path}/lifecycle`, "errand", "read"],
	[`${path}/teams`, ["a"], "passed over"],
];

const env = (path: string): Row[] => [
	[`${path}/persistent_disk_fs`, "xfs", "read"],
	[`${path}/persistent_disk_mount_options`, ["noatime"], "read"],
	[`${path}/persistent_disk_partitioner`, "gpt", "passed over"],
	[`${path}/bosh/swap_size`, 0, "read"],
	[`${path}/bosh/run_dir/tmpfs_size`, "32m", "read"],
	[`${path}/bosh/ntp`, ["10.0.0.2"], "read"],
	[`${path}/bosh/password`, "$6$x", "for an agent"],
	[`${path}/bosh/keep_root_password`, true, "for an agent"],
	[`${path}/bosh/authorized_keys`, ["ssh-ed25519 A"], "for an agent"],
	[`${path}/bosh/remove_dev_tools`, true, "for an agent"],
	[`${path}/bosh/remove_static_libraries`, true, "for an agent"],
	[`${path}/bosh/ipv6`, { enable: true }, "for an agent"],
	[`${path}/bosh/job_dir`, { tmpfs: true }, "for an agent"],
	[`${path}/bosh/agent`, { settings: { tmpfs: true } }, "for an agent"],
	[`${path}/bosh/parallel`, 5, "for an agent"],
	[`${path}/bosh/blobstores`, [], "for an agent"],
	[`${path}/bosh/mbus`, {}, "passed over"],
];

const deployment: readonly Row[] = [
	["/name", "e", "read"],
	["/releases", [{ name: "tiny", version: "2" }], "read"],
	["/releases/0/version", "2", "read"],
	["/releases/0/url", "https://example.com/tiny.tgz", "read"],
	["/releases/0/sha1", "sha256:00", "read"],
	["/releases/0/stemcell/os", "ubuntu-noble", "read"],
	["/releases/0/stemcell/version", "1.2", "read"],
	["/releases/0/exported_from", [{ os: "ubuntu-jammy", version: "1.1" }], "not-yet"],
	["/stemcells", [{ alias: "default", name: "bosh-openstack", version: "1" }], "read"],
	["/stemcells/0/os", "ubuntu-noble", "read"],
	["/stemcells/0/version", "latest", "read"],
	["/features/converge_variables", true, "read"],
	["/features/randomize_az_placement", true, "passed over"],
	["/features/use_dns_addresses", true, "read"],
	["/features/use_short_dns_addresses", true, "read"],
	["/features/use_link_dns_names", true, "read"],
	["/features/use_tmpfs_config", true, "not-yet"],
	["/networks", [], "not-here"],
	["/cloud_provider", {}, "not-here"],
	["/instance_groups/0/templates", [], "not-here"],
	["/tags", { a: "b" }, "read"],
	["/properties", { a: 1 }, "passed over"],
	["/director_uuid", "u", "passed over"],
	["/manifest_version", "v1", "passed over"],
	["/variables/0/name", "other", "read"],
	["/variables/0/type", "rsa", "read"],
	["/variables/0/options", { length: 10 }, "read"],
	["/variables/0/update_mode", "overwrite", "read"],
	["/variables/0/update", { strategy: "on-stemcell-change" }, "not-yet"],
	["/variables/0/consumes", { alternative_name: { from: "x" } }, "not-yet"],
	...updates("/update"),
	["/instance_groups/0/name", "other", "read"],
	["/instance_groups/0/azs", ["z1"], "read"],
	["/instance_groups/0/instances", 2, "read"],
	["/instance_groups/0/vm_type", "large", "read"],
	["/instance_groups/1/vm_resources/cpu", 2, "read"],
	["/instance_groups/1/vm_resources/ram", 2, "read"],
	["/instance_groups/1/vm_resources/ephemeral_disk_size", 2, "read"],
	["/instance_groups/0/vm_extensions", ["lb"], "read"],
	["/instance_groups/0/persistent_disk", 1, "read"],
	["/instance_groups/0/persistent_disk_type", "d1", "read"],
	["/instance_groups/1/persistent_disks/0/name", "a", "read"],
	["/instance_groups/1/persistent_disks/0/type", "d1", "read"],
	["/instance_groups/0/lifecycle", "errand", "read"],
	...env("/instance_groups/0/env"),
	["/instance_groups/0/tags", { a: "b" }, "read"],
	["/instance_groups/0/properties", { a: 1 }, "read"],
	["/instance_groups/0/migrated_from/0/name", "older", "read"],
	["/instance_groups/0/migrated_from/0/az", "z1", "read"],
	["/instance_groups/0/networks/0/name", "other", "read"],
	["/instance_groups/0/networks/0/static_ips", ["10.0.0.5"], "read"],
	["/instance_groups/0/networks/0/default", ["dns", "gateway", "addressable"], "read"],
	["/instance_groups/0/networks/0/nic_group", 1, "not-yet"],
	...updates("/instance_groups/0/update"),
	...jobs("/instance_groups/0/jobs/0"),
	["/instance_groups/0/health", [{ port: 80 }], "read"],
	["/instance_groups/0/jobs/0/health", [{ port: 80, path: "/h", status: [204], address: "127.0.0.1" }], "read"],
	["/instance_groups/0/jobs/0/consumes/db/from", "x", "read"],
	["/instance_groups/0/jobs/0/consumes/db/deployment", "x", "read"],
	["/instance_groups/0/jobs/0/consumes/db/network", "x", "read"],
	["/instance_groups/0/jobs/0/consumes/db/ip_addresses", true, "read"],
	["/instance_groups/0/jobs/0/consumes/db/instances", [{ address: "10.0.0.9" }], "read"],
	["/instance_groups/0/jobs/0/consumes/db/properties", { a: 1 }, "read"],
	["/instance_groups/0/jobs/0/consumes/db/address", "x", "read"],
	["/instance_groups/0/jobs/0/provides/api/as", "x", "read"],
	["/instance_groups/0/jobs/0/provides/api/shared", true, "read"],
	["/instance_groups/0/jobs/0/provides/api/aliases/0/domain", "b.internal", "read"],
	["/instance_groups/0/jobs/0/provides/api/aliases/0/placeholder_type", "uuid", "read"],
	["/instance_groups/0/jobs/0/provides/api/aliases/0/health_filter", "all", "read"],
	["/instance_groups/0/jobs/0/provides/api/aliases/0/initial_health_check", "synchronous", "read"],
	["/instance_groups/0/jobs/0/custom_provider_definitions/0/name", "x", "read"],
	["/instance_groups/0/jobs/0/custom_provider_definitions/0/type", "x", "read"],
	["/instance_groups/0/jobs/0/custom_provider_definitions/0/properties", ["x"], "read"],
	["/addons/0/name", "some", "read"],
	["/addons/0/properties", { a: 1 }, "not-here"],
	...jobs("/addons/0/jobs/0"),
	...filters("/addons/0/include"),
	...filters("/addons/0/exclude"),
];

const cloud: readonly Row[] = [
	["/azs/0/name", "z2", "read"],
	["/azs/0/cloud_properties", { a: 1 }, "read"],
	["/azs/0/cpi", "main", "read"],
	["/vm_types/0/name", "large", "read"],
	["/vm_types/0/cloud_properties", { a: 1 }, "read"],
	["/vm_extensions/0/name", "big", "read"],
	["/vm_extensions/0/cloud_properties", { a: 1 }, "read"],
	["/disk_types/0/name", "d2", "read"],
	["/disk_types/0/disk_size", 2048, "read"],
	["/disk_types/0/cloud_properties", { a: 1 }, "read"],
	["/networks/0/name", "n", "read"],
	["/networks/0/type", "dynamic", "read"],
	["/networks/0/managed", true, "not-yet"],
	["/networks/0/subnets/0/range", "10.0.0.0/23", "read"],
	["/networks/0/subnets/0/gateway", "10.0.0.2", "read"],
	["/networks/0/subnets/0/dns", ["10.0.0.2"], "read"],
	["/networks/0/subnets/0/reserved", ["10.0.0.2-10.0.0.9"], "read"],
	["/networks/0/subnets/0/static", ["10.0.0.16/28"], "read"],
	["/networks/0/subnets/0/reserved", "10.0.0.2 - 10.0.0.9", "read"],
	["/networks/0/subnets/0/static", "10.0.0.16/28", "read"],
	["/networks/0/subnets/0/az", "z1", "read"],
	["/networks/0/subnets/0/azs", ["z1"], "read"],
	["/networks/0/subnets/0/prefix", 28, "not-yet"],
	["/networks/0/subnets/0/cloud_properties", { a: 1 }, "read"],
	["/networks/0/subnets/0/name", "s", "not-yet"],
	["/networks/0/subnets/0/netmask_bits", 24, "not-yet"],
	["/networks/1/subnets/0/az", "z1", "read"],
	["/networks/1/subnets/0/azs", ["z1"], "read"],
	["/networks/1/subnets/0/dns", ["10.0.0.2"], "read"],
	["/networks/1/subnets/0/cloud_properties", { a: 1 }, "read"],
	["/networks/2/dns", ["10.0.0.2"], "read"],
	["/networks/2/cloud_properties", { a: 1 }, "read"],
	["/networks/3/cloud_properties", { a: 1 }, "read"],
	["/networks/3/subnets/0/az", "z1", "read"],
	["/networks/3/subnets/0/azs", ["z1"], "read"],
	["/networks/3/subnets/0/static", ["10.1.0.2"], "read"],
	["/networks/3/subnets/0/cloud_properties", { a: 1 }, "read"],
	["/compilation/workers", 3, "read"],
	["/compilation/az", "z1", "read"],
	["/compilation/network", "w", "read"],
	["/compilation/vm_type", "small", "read"],
	["/compilation/vm_extensions", ["lb"], "read"],
	["/compilation/vm_resources", { cpu: 1, ram: 1, ephemeral_disk_size: 1 }, "read"],
	["/compilation/cloud_properties", { a: 1 }, "read"],
	["/compilation/reuse_compilation_vms", true, "passed over"],
	["/compilation/orphan_workers", true, "passed over"],
	["/compilation/env", { a: 1 }, "read"],
	["/cpis/0/name", "other", "read"],
	["/cpis/0/type", "libvirt", "read"],
	["/cpis/0/properties", { a: 1 }, "read"],
	["/cpis/0/exec_path", "/x", "not-yet"],
	["/cpis/0/migrated_from", [{ name: "x" }], "not-yet"],
	["/flags", ["fix"], "not-here"],
	["/rules", [{ enabled: false }], "not-here"],
];

const runtime: readonly Row[] = [
	["/releases", [{ name: "os-conf", version: "2" }], "read"],
	["/addons", [{ name: "x", jobs: [{ name: "a", release: "os-conf" }], include: { deployments: ["d"] } }], "read"],
	["/variables", [{ name: "x", type: "ssh" }], "read"],
	["/tags", { a: "b" }, "read"],
];

const resurrection: readonly Row[] = [
	["/rules/0/enabled", false, "read"],
	["/rules/0/include", { deployments: ["d"] }, "read"],
	["/rules/0/include", { instance_groups: ["web"] }, "read"],
	["/rules/0/exclude", { deployments: ["d"] }, "read"],
	["/rules/0/exclude", { instance_groups: ["web"] }, "read"],
	["/max_in_flight", "20%", "read"],
	["/max_per_hour", 0, "read"],
	["/back_off", [0, 30], "read"],
];

const tables: Readonly<Record<SchemaName, readonly Row[]>> = { deployment, cloud, runtime, resurrection };

const ajv = new Ajv2020({ strict: false });
const validators = {
	deployment: ajv.compile(jsonSchema("deployment")),
	cloud: ajv.compile(jsonSchema("cloud")),
	runtime: ajv.compile(jsonSchema("runtime")),
	resurrection: ajv.compile(jsonSchema("resurrection")),
};

test.each(
	(Object.keys(tables) as SchemaName[]).flatMap((file) =>
		tables[file].map(([path, value, fate]) => [file, path, fate, value] as const),
	),
)("%s%s is %s", (file, path, fate, value) => {
	const keys = path.split("/").slice(1);
	const before = readAs(file, files[file]);
	expect(before.errors).toEqual([]);
	const changed = withValue(files[file], keys, value);
	const { model, errors } = readAs(file, changed);
	const isRefused = fate === "not-yet" || fate === "not-here";
	expect(errors).toEqual(isRefused ? [`${fate} ${path}`] : []);
	if (fate === "read") expect(model).not.toEqual(before.model);
	expect(fateIn(jsonSchema(file), keys)).toBe(fate);
	expect(validators[file](changed)).toBe(!isRefused);
});

/** The model of a file, and what is wrong with it. */
function readAs(file: SchemaName, data: object): { readonly model: unknown; readonly errors: readonly string[] } {
	if (file === "resurrection") {
		const read = readResurrection([interpolate(data)]);
		return { model: read.resurrection, errors: read.problems.map(({ code, place }) => `${code} ${place?.path}`) };
	}
	const given = interpolate(file === "runtime" ? files.deployment : data);
	const whole = file === "runtime" ? withRuntimeConfigs(given, [interpolate(data)]) : given;
	const read = file === "cloud" ? parseCloud(whole) : parseDeployment(whole, "/");
	const errors = [...whole.problems, ...read.problems].filter(({ severity }) => severity === "error");
	return {
		model: "cloud" in read ? read.cloud : "deployment" in read && read.deployment,
		errors: errors.map(({ code, place }) => `${code} ${place?.path}`),
	};
}

function interpolate(data: object) {
	return interpolateManifest({ manifest: { text: JSON.stringify(data), file: "m.yml" } });
}

/** The same data with another value at a place; what leads there is made. */
function withValue(data: unknown, [key = "", ...rest]: readonly string[], value: unknown): object {
	const inner = (data as Record<string, unknown> | undefined)?.[key];
	const made = rest.length === 0 ? value : withValue(inner, rest, value);
	if (Array.isArray(data)) return data.with(Number(key), made);
	return { ...(data as object | undefined), [key]: made };
}

const BEGINNINGS: readonly (readonly [string, Fate])[] = [
	["davit doesn't do this yet: ", "not-yet"],
	["It doesn't belong here: ", "not-here"],
	["Read and passed over", "passed over"],
	["For the agent of a BOSH stemcell", "for an agent"],
];

/** What the schema for editors says of a key. */
function fateIn(schema: JsonSchema, keys: readonly string[]): Fate | undefined {
	const key = keys.reduce<JsonSchema | undefined>((found, part) => found && inside(found, part), schema);
	if (!key) return undefined;
	const described = BEGINNINGS.find(([beginning]) => key.description?.startsWith(beginning))?.[1] ?? "read";
	return (key.not !== undefined) === (described === "not-yet" || described === "not-here") ? described : undefined;
}

function inside(
	{ properties, items, additionalProperties, anyOf = [] }: JsonSchema,
	key: string,
): JsonSchema | undefined {
	const own = properties?.[key] ?? (/^\d+$/.test(key) ? items : undefined) ?? (additionalProperties || undefined);
	return own ?? anyOf.map((part) => inside(part, key)).find((found) => found !== undefined);
}

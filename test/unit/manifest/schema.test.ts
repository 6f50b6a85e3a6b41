import { expect, test } from "vitest";
import { CLOUD, cloudOf, deploymentOf, group, HEAD, manifest, problemsOf } from "./read-files.ts";

const minimal = manifest(group("web"));

test("a small manifest and cloud file have nothing wrong", () => {
	expect(problemsOf(minimal)).toEqual([]);
});

test("unknown and misspelt keys anywhere are told at once, with the line and the nearest right key", () => {
	const text = `${HEAD.replace("max_in_flight", "max_in_fligth")}instance-groups:\n${group("web")}stemcels: []\n`;
	expect(problemsOf(text)).toEqual([
		'm.yml:4 unknown key "max_in_fligth" in /update (did you mean "max_in_flight"?)',
		'm.yml:5 unknown key "instance-groups" in the file (did you mean "instance_groups"?)',
		'm.yml:7 unknown key "stemcels" in the file (did you mean "stemcells"?)',
	]);
	expect(
		problemsOf(manifest(group("web", ", vm_extension: [x], persistant_disk: 5, zzz: 1"))).map((line) =>
			line.slice(0, 110),
		),
	).toEqual([
		'm.yml:6 unknown key "vm_extension" in /instance_groups/0 ("web") (did you mean "vm_extensions"?)',
		'm.yml:6 unknown key "persistant_disk" in /instance_groups/0 ("web") (did you mean "persistent_disk"?)',
		'm.yml:6 unknown key "zzz" in /instance_groups/0 ("web") (the keys here are "name", "azs", "instances", "jobs",',
	]);
	expect(problemsOf(minimal, CLOUD.replace("gateway: 10.9.1.1", "gatway: 10.9.1.1"))).toEqual([
		'c.yml:10 unknown key "gatway" in /networks/0/subnets/0 ("default") (did you mean "gateway"?)',
	]);
});

test("wrong types are told with what is wanted", () => {
	const wrong = group(
		"web",
		", persistent_disk: big, vm_extensions: lb, lifecycle: erand, tags: [], update: {serial: 1}",
	).replace("instances: 1", "instances: -1");
	expect(problemsOf(manifest(wrong))).toEqual([
		'm.yml:6 instances of /instance_groups/0 ("web") must be 0 or more, but is the number -1 (give it 0 or more)',
		'm.yml:6 vm_extensions of /instance_groups/0 ("web") must be a list, but is a text (write it as a list: [lb])',
		'm.yml:6 persistent_disk of /instance_groups/0 ("web") must be a whole number, but is a text (give it a whole number)',
		'm.yml:6 serial of /instance_groups/0/update ("web") must be true or false, but is the number 1 (give it true or false)',
		'm.yml:6 lifecycle of /instance_groups/0 ("web") must be one of "service", "errand", but is another text (did you mean "errand"?)',
		'm.yml:6 tags of /instance_groups/0 ("web") must be a map, but is a list (give it a map)',
	]);
});

test("an empty file lacks everything, and says so once", () => {
	expect(problemsOf("")).toEqual(["m.yml:1 the file must be a map, but is null (give it a map)"]);
});

test.each([
	[group("web", "", "[{name: default, nic_group: 1}]"), "nic_group"],
	[`${group("web")}features: {use_tmpfs_config: true}\n`, "use_tmpfs_config"],
	[`${group("web")}variables: [{name: a, type: password, consumes: {}}]\n`, "consumes"],
])("%s has a key that davit refuses by name", (text, key) => {
	expect(problemsOf(manifest(text)).join()).toContain(`davit doesn't do "${key}" yet`);
});

test.each(["managed: true", "prefix: 28", "exec_path: /x"])("so has a cloud file with %s", (pair) => {
	const [key = ""] = pair.split(":");
	const at = { managed: "type: manual", prefix: "gateway: 10.9.1.1", exec_path: "name: main" }[key] ?? "";
	const joint = key === "managed" ? "\n  " : ", ";
	expect(problemsOf(minimal, CLOUD.replace(at, `${at}${joint}${pair}`)).join()).toContain(
		`davit doesn't do "${key}" yet`,
	);
});

test("keys that BOSH passes over are accepted; a secret among unused properties is warned about, not shown", () => {
	const text = `${minimal}manifest_version: v1\ndirector_uuid: x\nproperties: {db: {password: s3cr3t, port: 1}}\n`;
	expect(problemsOf(text)).toEqual([
		"m.yml:9 /properties/db/password looks like a secret, and davit does not use these properties (remove it from the file)",
	]);
	expect(problemsOf(minimal, `${CLOUD}properties: {aws: {secret_access_key: k, region: r}}\n`)).toHaveLength(1);
});

test("update: defaults, percentages, watch times in ms, and a group's own", () => {
	const { update, instanceGroups } = deploymentOf(
		manifest(group("a", ", update: {max_in_flight: 3, serial: false, vm_strategy: create-swap-delete}"), group("b")),
	);
	expect(update).toEqual({
		canaries: { count: 1 },
		maxInFlight: { percent: 50 },
		canaryWatchTime: { fromMs: 1000, toMs: 2000 },
		updateWatchTime: { fromMs: 3000, toMs: 3000 },
		serial: true,
		vmStrategy: "delete-create",
		restart: "all",
		initialDeployAzUpdateStrategy: "serial",
	});
	expect(instanceGroups[0]?.update).toEqual({
		...update,
		maxInFlight: { count: 3 },
		serial: false,
		vmStrategy: "create-swap-delete",
		restart: "all",
	});
	expect(instanceGroups[1]?.update).toEqual(update);
});

test("a watch time that runs backwards is refused", () => {
	expect(problemsOf(minimal.replace("1000-2000", "2000-1000")).join()).toContain("whose first number is the smaller");
});

test("a group with all its parts becomes the model", () => {
	const text = manifest(`- name: db
  instances: 2
  azs: [z1, z2]
  vm_resources: {cpu: 2, ram: 1024, ephemeral_disk_size: 4096}
  vm_extensions: [lb]
  persistent_disk: 10_240
  stemcell: default
  lifecycle: errand
  env: {bosh: {swap_size: 0}}
  migrated_from: [{name: old, az: z1}]
  networks:
  - {name: default, default: [dns, gateway], static_ips: [10.9.1.20 - 10.9.1.21]}
  jobs:
  - name: app
    release: tiny
    properties: {key: ((secret.key)), nothing: ~}
    consumes: {db: {from: x, ip_addresses: true}, blocked: nil, manual: {instances: [{address: 1.2.3.4}], properties: {port: 1}}}
    provides: {api: {as: other, shared: true, aliases: [{domain: _.x, placeholder_type: uuid}]}, hidden: nil}
    custom_provider_definitions: [{name: my, type: addr}]
variables: [{name: secret, type: rsa}]
`);
	expect(deploymentOf(text).instanceGroups[0]).toMatchObject({
		name: "db",
		vmResources: { cpu: 2, ramMib: 1024, ephemeralDiskMib: 4096 },
		persistentDisk: { sizeMib: 10240 },
		lifecycle: "errand",
		env: { bosh: { swap_size: 0 } },
		migratedFrom: [{ name: "old", az: "z1" }],
		networks: [{ name: "default", default: ["dns", "gateway"], staticIps: ["10.9.1.20", "10.9.1.21"] }],
		jobs: [
			{
				properties: { key: "((secret.key))", nothing: null },
				consumes: {
					db: { from: "x", ipAddresses: true },
					blocked: "nil",
					manual: { manual: { instances: [{ address: "1.2.3.4" }], properties: { port: 1 } } },
				},
				provides: {
					api: { as: "other", shared: true, aliases: [{ domain: "_.x", placeholderType: "uuid" }] },
					hidden: "nil",
				},
				customProviderDefinitions: [{ name: "my", type: "addr", properties: [] }],
			},
		],
	});
});

test("a real null does not block a link, the word nil does", () => {
	const text = manifest(group("web").replace("release: tiny", "release: tiny, consumes: {db: ~}"));
	expect(problemsOf(text)).toEqual([
		'm.yml:6 db of /instance_groups/0/jobs/0/consumes ("app") must be a map, or the word nil, which blocks the link, but is null (give it a map, or the word nil, which blocks the link)',
	]);
});

test("a text that YAML reads as something else is told to be quoted", () => {
	const text = manifest(group("web").replace("release: tiny", "release: tiny, provides: {api: {as: y}}"));
	expect(problemsOf(text)).toEqual([
		'm.yml:6 as of /instance_groups/0/jobs/0/provides/api ("app") must be a text, but is true (YAML reads y as true: put it in quotes, "y")',
	]);
});

test("a key misspelt inside a link is told by its own line", () => {
	const text = manifest(group("web").replace("release: tiny", "release: tiny, consumes: {db: {form: x}}"));
	expect(problemsOf(text)).toEqual([
		'm.yml:6 unknown key "form" in /instance_groups/0/jobs/0/consumes/db ("app") (did you mean "from"?)',
	]);
});

test("releases by path are found from the manifest's folder, URLs stay; versions are texts", () => {
	const releases =
		"[{name: tiny, version: create, url: ../releases/tiny}, {name: a, version: 49}, {name: b, version: 1, url: 'file:///x.tgz'}]";
	const { releases: read } = deploymentOf(minimal.replace('[{name: tiny, version: "1"}]', releases));
	expect(read).toEqual([
		{ name: "tiny", version: "create", url: "/home/kim/releases/tiny" },
		{ name: "a", version: "49" },
		{ name: "b", version: "1", url: "file:///x.tgz" },
	]);
});

test("a version that lost its zero keeps what was written, for the message that it can't be found", () => {
	const { stemcells } = deploymentOf(minimal.replace('"1.360"', "1.360"));
	expect(stemcells).toEqual([{ alias: "default", os: "ubuntu-jammy", version: "1.36", writtenVersion: "1.360" }]);
});

test("features imply each other, and converge_variables reaches the variables", () => {
	const { features, variables } = deploymentOf(
		`${minimal}features: {use_link_dns_names: true, converge_variables: true}\nvariables: [{name: a, type: ssh}, {name: b, type: rsa, update_mode: no-overwrite}]\n`,
	);
	expect(features).toMatchObject({ useLinkDnsNames: true, useDnsAddresses: true, useShortDnsAddresses: true });
	expect(variables.map(({ updateMode }) => updateMode)).toEqual(["converge", "no-overwrite"]);
});

test("a variable that nothing gives is told once, with each place, and not again as a wrong type", () => {
	const text = manifest(
		group("web", ", persistent_disk: ((size))").replace(
			"release: tiny",
			"release: tiny, properties: {host: ((host)), s: x((size))}",
		),
	);
	expect(problemsOf(text)).toEqual([
		'm.yml:6 the variable "host" has no value (give it with -v host=… or in a vars file (-l), or define it under variables:)',
		'm.yml:6 the variable "size" has no value (used at m.yml:6:/instance_groups/0/jobs/0/properties/s, m.yml:6:/instance_groups/0/persistent_disk) (give it with -v size=… or in a vars file (-l), or define it under variables:)',
	]);
	expect(problemsOf(minimal, CLOUD.replace("gateway: 10.9.1.1", "gateway: ((gw))"))).toEqual([
		'c.yml:10 the variable "gw" has no value (give it with -v gw=… or in a vars file (-l), or define it under variables:)',
	]);
});

test("a generated variable may stand in properties only", () => {
	const text = manifest(
		group("web", ", persistent_disk_type: ((pw)), env: {a: ((pw))}").replace(
			"release: tiny",
			"release: tiny, properties: {p: ((pw))}",
		),
	);
	expect(problemsOf(`${text}variables: [{name: pw, type: password}]\n`)).toContainEqual(
		"m.yml:6 ((pw)) is generated while deploying, so it can't stand at /instance_groups/0/persistent_disk_type: only properties and env may use it (give it with -v pw=… or in a vars file (-l))",
	);
});

test("networks of all types, with ranges normalised and the deprecated az", () => {
	const { cloud, warnings } = cloudOf(`${CLOUD.split("networks:")[0]}networks:
- name: m
  subnets:
  - {az: z1, range: 10.0.0.7/24, gateway: 10.0.0.1, reserved: [10.0.0.1/30, 10.0.0.9 - 10.0.0.10], static: [10.0.0.20], dns: [8.8.8.8]}
- {name: d, type: dynamic, dns: [1.1.1.1], cloud_properties: {net: x}}
- {name: v, type: vip}
`);
	expect(cloud.networks).toEqual([
		{
			type: "manual",
			name: "m",
			subnets: [
				{
					range: "10.0.0.0/24",
					gateway: "10.0.0.1",
					dns: ["8.8.8.8"],
					reserved: [
						{ from: "10.0.0.0", to: "10.0.0.3" },
						{ from: "10.0.0.9", to: "10.0.0.10" },
					],
					static: [{ from: "10.0.0.20", to: "10.0.0.20" }],
					azs: ["z1"],
					cloudProperties: {},
				},
			],
		},
		{ type: "dynamic", name: "d", subnets: [{ azs: [], dns: ["1.1.1.1"], cloudProperties: { net: "x" } }] },
		{ type: "vip", name: "v", subnets: [], cloudProperties: {} },
	]);
	expect(warnings.map(({ message }) => message)).toEqual([
		"the range 10.0.0.7/24 has host bits set; it is read as 10.0.0.0/24",
		"10.0.0.1/30 has host bits set; it is read as 10.0.0.0-10.0.0.3",
	]);
});

test.each([
	["{network: default, azs: [z1]}", { azs: ["z1"], user: "davit", port: 22, network: "default" }],
	["{user: u, port: 2222, dialer: direct}", { azs: [], user: "u", port: 2222, dialer: { type: "direct" } }],
	[
		"[{dialer: {command: nc %h %p}}]",
		{ azs: [], user: "davit", port: 22, dialer: { type: "command", command: "nc %h %p" } },
	],
	[
		"{dialer: {jump: [{host: j, user: me, host_keys: [ssh-ed25519 AAA]}]}}",
		{
			azs: [],
			user: "davit",
			port: 22,
			dialer: { type: "jump", hosts: [{ host: "j", port: 22, user: "me", hostKeys: ["ssh-ed25519 AAA"] }] },
		},
	],
])("ssh: %s", (text, entry) => {
	expect(cloudOf(`${CLOUD}ssh: ${text}\n`).cloud.ssh).toEqual([entry]);
});

test("a jump host without host keys is refused: davit never trusts what it meets", () => {
	expect(problemsOf(minimal, `${CLOUD}ssh: {dialer: {jump: [{host: j, user: me}]}}\n`)).toEqual([
		'c.yml:13 /ssh/dialer/jump/0 lacks the key "host_keys" (add host_keys: (a list))',
	]);
});

test("an IPv6 gateway is compared in its usual text", () => {
	const subnet = "{azs: [z1], range: 'fd00:1:0::/64', gateway: 'FD00:1::0001'}";
	const { cloud } = cloudOf(CLOUD.replace(/\{azs: \[z1\].*\}/, subnet));
	const [network] = cloud.networks;
	expect(network?.type === "manual" && network.subnets[0]).toMatchObject({
		range: "fd00:1::/64",
		gateway: "fd00:1::1",
	});
});

test("static and reserved may be one range without a list, as in BOSH; what is wrong in it is told there", () => {
	const single = CLOUD.replace("[10.9.1.20-10.9.1.40]", "10.9.1.20-10.9.1.40").replace("[10.9.1.5]", "10.9.1.5");
	expect(cloudOf(single).cloud).toEqual(cloudOf(CLOUD).cloud);
	expect(problemsOf(minimal, single.replace("10.9.1.20-10.9.1.40", "10.9.1.40-10.9.1.20"))).toEqual([
		'c.yml:10 "10.9.1.40-10.9.1.20" is no range of addresses (write an address, a range a-b whose first is the lower, or a CIDR)',
	]);
	expect(problemsOf(minimal, single.replace("10.9.1.20-10.9.1.40", "[[1]]"))).toEqual([
		'c.yml:10 0 of /networks/0/subnets/0/static ("default") must be a text, but is a list (give it a text)',
	]);
});

import { expect, test } from "vitest";
import { interpolateManifest } from "../../../src/manifest/interpolate-manifest.ts";
import { parseDeployment } from "../../../src/manifest/schema.ts";
import { CLOUD, group, manifest, problemsOf } from "./read-files.ts";

const onIps = (name: string, ...ips: readonly string[]) =>
	group(name, "", `[{name: default, static_ips: [${ips.join(", ")}]}]`);

test("everything that a newcomer got wrong is told in one run, with lines and the nearest right names", () => {
	const text = manifest(
		group("web", ", persistent_disk_type: d2, vm_extensions: [lbb]", "[{name: defualt}]")
			.replace("stemcell: default", "stemcell: defalt")
			.replace("vm_type: small", "vm_type: smal")
			.replace("azs: [z1]", "azs: [z1, z9]")
			.replace("release: tiny", "release: tiney, properties: {host: ((host))}"),
	);
	expect(problemsOf(text)).toEqual([
		'm.yml:6 the variable "host" has no value (give it with -v host=… or in a vars file (-l), or define it under variables:)',
		'm.yml:6 instance group "web": there is no stemcell "defalt" (did you mean "default"?)',
		'm.yml:6 job "app": the release "tiney" is not listed under releases (did you mean "tiny"?)',
		'm.yml:6 instance group "web": the cloud file has no AZ "z9" (did you mean "z1"?)',
		'm.yml:6 instance group "web": the cloud file has no VM type "smal" (did you mean "small"?)',
		'm.yml:6 instance group "web": the cloud file has no VM extension "lbb" (did you mean "lb"?)',
		'm.yml:6 instance group "web": the cloud file has no disk type "d2" (did you mean "d1"?)',
		'm.yml:6 instance group "web": the cloud file has no network "defualt" (did you mean "default"?)',
	]);
});

test("one address in two groups names the address, both groups and both lines", () => {
	expect(problemsOf(manifest(onIps("a", "10.9.1.20"), onIps("b", "10.9.1.20")))).toEqual([
		'm.yml:7 static IP 10.9.1.20 of instance group "b" (line 7) is also given to "a" (m.yml:6) (give each instance an address of its own)',
	]);
});

test.each([
	[
		"10.9.1.99",
		"lies in the range 10.9.1.0/24, but not in its static addresses (c.yml:10) (choose one of 10.9.1.20-10.9.1.40, or add 10.9.1.99 to static there)",
	],
	["10.9.1.1", "is the gateway of its subnet 10.9.1.0/24 (c.yml:10) (choose one of 10.9.1.20-10.9.1.40)"],
	["10.9.1.5", "is reserved in its subnet 10.9.1.0/24 (c.yml:10) (choose one of 10.9.1.20-10.9.1.40)"],
	["10.9.9.9", 'lies in no range of network "default" (its ranges are 10.9.1.0/24, 10.9.2.0/24)'],
	[
		"10.9.2.20",
		"lies in a subnet for z2 (c.yml:11), but the group is in z1 (choose an address of a subnet in the group's AZs)",
	],
])("static IP %s is refused, saying which way it is wrong", (ip, told) => {
	expect(problemsOf(manifest(onIps("a", ip)))).toEqual([`m.yml:6 static IP ${ip} of instance group "a" ${told}`]);
});

test("static addresses are one for each instance", () => {
	expect(problemsOf(manifest(onIps("a", "10.9.1.20", "10.9.1.21")))).toEqual([
		'm.yml:6 instance group "a" has 1 instances, and 2 static IPs on network "default" (give one address for each instance, or none)',
	]);
});

test("a text that is no address says so", () => {
	expect(problemsOf(manifest(onIps("a", "10.9.1.300")))).toContainEqual(
		'm.yml:6 "10.9.1.300" is no address (write an address such as 10.0.0.10, or a range a-b)',
	);
});

test("an AZ without a subnet, and a group without AZs on a network that has them", () => {
	expect(problemsOf(manifest(group("a").replace("[z1]", "[z1, z3]"), group("b").replace("azs: [z1], ", "")))).toEqual([
		'm.yml:6 instance group "a": network "default" has no subnet in AZ "z3" (the network serves z1, z2: add "z3" to a subnet\'s azs, or take it from the group)',
		'm.yml:7 instance group "b" has no azs, but every subnet of network "default" belongs to AZs (give the group azs: [z1, z2], or some of them)',
	]);
});

test("names that stand twice", () => {
	expect(problemsOf(manifest(group("a"), group("a")))).toEqual([
		'm.yml:7 the instance group "a" stands here again (the first is at line 6: rename or remove one)',
	]);
	expect(problemsOf(manifest(group("a")), CLOUD.replace("[{name: small}]", "[{name: small}, {name: small}]"))).toEqual([
		'c.yml:3 the VM type "small" stands here again (the first is at line 3: rename or remove one)',
	]);
});

test("several networks need one default for dns and one for gateway", () => {
	const two = CLOUD.replace("compilation:", "- {name: other, type: dynamic}\ncompilation:");
	expect(problemsOf(manifest(group("a", "", "[{name: default}, {name: other, default: [dns]}]")), two)).toEqual([
		'm.yml:6 instance group "a" has 2 networks, and 0 of them have gateway under default (give exactly one of them default: [dns, gateway])',
	]);
});

test("keys that exclude or need each other", () => {
	const text = manifest(group("a", ", persistent_disk: 1, persistent_disk_type: d1").replace("vm_type: small, ", ""));
	expect(problemsOf(text.replace("os: ubuntu-jammy, ", "").replace('version: "1"', "version: create"))).toEqual([
		'm.yml:2 release "tiny": version create needs a url (add url: with the release\'s folder)',
		'm.yml:3 stemcell "default" needs either os or name (give it os: (such as ubuntu-jammy))',
		'm.yml:6 instance group "a" needs either vm_type or vm_resources (give it one of the two)',
		'm.yml:6 instance group "a" has persistent_disk and persistent_disk_type (keep one of them)',
	]);
});

test("several disks of a group", () => {
	const disks = "[{name: a, type: none}, {name: a b, type: d1}, {name: a, type: d1}]";
	expect(problemsOf(manifest(group("a", `, persistent_disk: 0, persistent_disks: ${disks}`)))).toEqual([
		'm.yml:6 instance group "a" has persistent_disk and persistent_disks (keep one of them)',
		'm.yml:6 the persistent disk "a" stands here again (the first is at line 6: rename or remove one)',
		'm.yml:6 instance group "a": the persistent disk "a b" can\'t be a file name on a VM (use letters, digits, dots, dashes and underscores)',
		'm.yml:6 instance group "a": the cloud file has no disk type "none" (there is: "d1")',
	]);
});

test("references inside the cloud file", () => {
	const broken = CLOUD.replace("azs: [z2]", "azs: [z4]")
		.replace("network: default, az: z1, vm_type: small", "network: defalt, az: z8, vm_type: big")
		.replace("{name: z3}", "{name: z3, cpi: man}");
	expect(problemsOf(manifest(group("a")), `${broken}ssh: {network: private}\n`)).toEqual([
		'c.yml:1 there is no CPI "man" (did you mean "main"?)',
		'c.yml:11 there is no AZ "z4" (did you mean "z1"?)',
		'c.yml:13 there is no network "private" (there is: "default")',
		'c.yml:12 there is no network "defalt" (did you mean "default"?)',
		'c.yml:12 there is no AZ "z8" (did you mean "z1"?)',
		'c.yml:12 there is no VM type "big" (there is: "small")',
	]);
});

test.each([
	["range: 10.9.1.0/24", "range: 10.9.1.0", '"10.9.1.0" is no range'],
	["gateway: 10.9.1.1", "gateway: 10.8.1.1", "the gateway 10.8.1.1 lies outside the range 10.9.1.0/24"],
	["reserved: [10.9.1.5]", "reserved: [10.9.3.5]", "reserved 10.9.3.5 lies outside the range 10.9.1.0/24"],
	[
		"reserved: [10.9.1.5]",
		"reserved: [10.9.1.30-10.9.1.50]",
		"static 10.9.1.20-10.9.1.40 overlaps reserved 10.9.1.30-10.9.1.50",
	],
	["reserved: [10.9.1.5]", "reserved: [10.9.1.9-10.9.1.5]", '"10.9.1.9-10.9.1.5" is no range of addresses'],
	["cpis: [{name: main, type: local}]\n", "", "the cloud file does not say which cloud it is for"],
	[
		"cpis: [{name: main, type: local}]",
		"cpis: [{name: main, type: local}, {name: b, type: local}]",
		'AZ "z1" names no cpi, and there are 2',
	],
])("in the cloud file, %s written as %s", (right, wrong, message) => {
	expect(problemsOf(manifest(group("a")), CLOUD.replace(right, wrong)).join("\n")).toContain(message);
});

test("releases and variables that nothing uses are told, each kind in one warning; beside errors they are not", () => {
	const variables = `variables:
- {name: ca, type: certificate, options: {is_ca: true, common_name: ca}}
- {name: leaf, type: certificate, options: {ca: ca, common_name: leaf}}
- {name: admin, type: password}
- {name: used, type: password}
- {name: other, type: password}
`;
	const text = `${manifest(group("web").replace("release: tiny}", "release: tiny, properties: {a: ((leaf.certificate)), b: x((used))}}"))}${variables}`;
	const more = text.replace('version: "1"}]', 'version: "1"}, {name: pxc, version: "2"}, {name: old, version: "2"}]');
	expect(problemsOf(more)).toEqual([
		'm.yml:2 no job uses the release "pxc", "old" (line 2) (what nothing uses is not downloaded; remove it, or correct the job that should use it)',
		'm.yml:10 nothing uses the variable "admin", "other" (line 12) (it is generated for nothing; remove it, or correct the place that should use it)',
	]);
	expect(problemsOf(more.replace("release: tiny,", "release: tniy,"))).toHaveLength(1);
});

const property = (list: string, key: string, properties: string) =>
	CLOUD.replace(`${list}: [{name: ${key}`, `${list}: [{name: ${key}, cloud_properties: ${properties}`);

test.each<[string, string, string, readonly string[]]>([
	[
		"misspelt",
		"aws",
		property("vm_types", "small", "{instance_type: a, ephemeral_dist: {size: 1}}"),
		['c.yml:3 the CPI of aws passes over "ephemeral_dist" (did you mean "ephemeral_disk"?)'],
	],
	[
		"misspelt inside one",
		"aws",
		property("vm_types", "small", "{ephemeral_disk: {sise: 1}}"),
		['c.yml:3 the CPI of aws passes over "sise" of ephemeral_disk (did you mean "size"?)'],
	],
	[
		"of another IaaS",
		"google",
		property("vm_extensions", "lb", "{ephemeral_disk: {size: 1}}"),
		[
			'c.yml:4 the CPI of google passes over "ephemeral_disk", which is a property of aws and azure (remove it, or write what this cloud\'s CPI has for it)',
		],
	],
	["of a cloud that BOSH has no list of", "local", property("vm_types", "small", "{anything: 1}"), []],
	["right", "openstack", property("vm_types", "small", "{instance_type: a, root_disk: {size: 1}}"), []],
])("cloud properties: %s", (_, type, cloud, problems) => {
	expect(problemsOf(manifest(group("web")), cloud.replace("type: local", `type: ${type}`))).toEqual(problems);
});

test("a property that stands in several places is told once, with all lines", () => {
	const twice = CLOUD.replaceAll("- {azs:", "- {cloud_properties: {net_id: a, name: random}, azs:");
	expect(problemsOf(manifest(group("web")), twice.replace("type: local", "type: openstack"))).toEqual([
		'c.yml:10 the CPI of openstack passes over "name", which is a property of vsphere (so at line 11) (remove it, or write what this cloud\'s CPI has for it)',
	]);
});

test("a duration that was given and reaches no certificate is told", () => {
	const variables = (options: string) =>
		`${manifest(group("web").replace("release: tiny}", "release: tiny, properties: {a: ((leaf.ca))}}"))}variables: [{name: leaf, type: certificate, options: {is_ca: true, common_name: a${options}}}]\n`;
	const told = (text: string) => {
		const varsFiles = [{ text: "days: 3\ncert_days: 3650\ncert_note: text\n", file: "v.yml" }];
		const read = interpolateManifest({ manifest: { text, file: "m.yml" }, variables: { varsFiles } });
		return parseDeployment(read, "/").problems.map(({ place, message }) => `${place?.file}:${place?.line} ${message}`);
	};
	expect(told(variables(""))).toEqual([
		'v.yml:2 "cert_days" is given as 3650, and nothing uses it: a certificate lasts 365 days',
	]);
	expect(told(variables(", duration: ((cert_days))"))).toEqual([]);
	expect(told(variables(", duration: 10"))).toEqual([]);
});

test("what is read without being done is told", () => {
	const text = manifest(
		group("web"),
		group("db", ", env: {persistent_disk_fs: xfs, bosh: {swap_size: 0, password: x}, tags: {a: b}}"),
	);
	expect(problemsOf(`${text}features: {randomize_az_placement: true}\n`)).toEqual([
		"m.yml:8 davit doesn't place at random (remove it: instances are spread evenly, on a tie to the AZ that comes first by name)",
		"m.yml:7 env tags is for the agent of a BOSH stemcell; on other images nothing is done with it (remove it, unless the group's stemcell is of kind bosh)",
		"m.yml:7 env bosh.password is for the agent of a BOSH stemcell; on other images nothing is done with it (remove it, unless the group's stemcell is of kind bosh)",
	]);
	expect(
		problemsOf(manifest(group("web", ", env: {bosh: {swap_size: 0, ntp: [a], run_dir: {tmpfs_size: 1m}}}"))),
	).toEqual([]);
});

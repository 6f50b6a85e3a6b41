import { expect, test } from "vitest";
import { interpolateManifest } from "../../../src/manifest/interpolate-manifest.ts";
import { mergeConfigs } from "../../../src/manifest/merge-configs.ts";
import { withRuntimeConfigs } from "../../../src/manifest/runtime-config.ts";
import { parseCloud, parseDeployment } from "../../../src/manifest/schema.ts";
import { groupJobs } from "../../../src/plan/group-jobs.ts";
import { CLOUD, group, manifest } from "./read-files.ts";

const file = (name: string, text: string) => interpolateManifest({ manifest: { text, file: name } });
const told = (problems: readonly { place?: { file?: string; line?: number }; message: string; hint?: string }[]) =>
	problems.map(({ place, message, hint }) => `${place?.file}:${place?.line} ${message} (${hint})`);

/** The deployment, and what is wrong with it, of a manifest with runtime configs a.yml, b.yml … */
function deploymentWith(text: string, ...configs: readonly string[]) {
	const runtime = configs.map((config, index) => file(`${"abc"[index]}.yml`, config));
	const whole = withRuntimeConfigs(file("m.yml", text), runtime);
	const { deployment, problems } = parseDeployment(whole, "/");
	return { deployment, problems: told([...whole.problems, ...problems]) };
}

const DNS = `releases: [{name: bosh-dns, version: "1.40"}]
addons:
- {name: dns, jobs: [{name: bosh-dns, release: bosh-dns}], include: {deployments: [d, other]}}
`;

test("cloud configs in several files are one: their lists come one after another, and problems stand in their own file", () => {
	const [head, networks] = CLOUD.split("networks:\n") as [string, string];
	const more = `networks:\n${networks.replace("azs: [z1]", "azs: [z9]")}azs: [{name: z4}]\n`;
	const { cloud, problems } = parseCloud(
		mergeConfigs([file("a.yml", head), file("b.yml", more), file("c.yml", "# nothing\n")]),
	);
	expect(cloud?.azs.map(({ name }) => name)).toEqual(["z1", "z2", "z3", "z4"]);
	expect(cloud?.networks).toHaveLength(1);
	expect(told(problems)).toEqual(['b.yml:5 there is no AZ "z9" (did you mean "z1"?)']);
});

test("what is no list may stand in one file only; names that stand in two files are told with both", () => {
	const twice = mergeConfigs([file("a.yml", CLOUD), file("b.yml", "compilation: {workers: 1, network: default}\n")]);
	expect(told(twice.problems)).toEqual([
		'b.yml:1 "compilation" stands in two of the files, and is no list that could go on in the second (the first is at a.yml:12: keep one)',
	]);
	const { problems } = parseCloud(mergeConfigs([file("a.yml", CLOUD), file("b.yml", "azs: [{name: z2}]\n")]));
	expect(told(problems)).toEqual([
		'b.yml:1 the AZ "z2" stands here again (the first is at a.yml:1: rename or remove one)',
	]);
	expect(told(mergeConfigs([file("a.yml", CLOUD), file("b.yml", "- a\n")]).problems)).toEqual([
		"b.yml:1 the file must be a map, but is a list (write keys)",
	]);
});

test.each([
	["d", ["app", "bosh-dns"]],
	["third", ["app"]],
])("an addon of a runtime config comes to the deployments that it names: %s", (name, jobs) => {
	const { deployment, problems } = deploymentWith(manifest(group("web")).replace("name: d", `name: ${name}`), DNS);
	expect(problems).toEqual([]);
	const [web] = deployment?.instanceGroups ?? [];
	expect(deployment && web && groupJobs(web, deployment, "ubuntu-jammy").map((job) => job.name)).toEqual(jobs);
});

test("of runtime configs and manifest: lists of both, the manifest's tags, a release of both once", () => {
	const text = `${manifest(group("web"))}tags: {team: app, tier: one}\n`;
	const runtime = `releases: [{name: tiny, version: "1"}]\ntags: {team: all, owner: kim}\n`;
	const { deployment, problems } = deploymentWith(text, DNS, runtime);
	expect(problems).toEqual([]);
	expect(deployment?.tags).toEqual({ team: "app", owner: "kim", tier: "one" });
	expect(deployment?.releases.map(({ name, version }) => `${name}/${version}`)).toEqual(["tiny/1", "bosh-dns/1.40"]);
	expect(deploymentWith(text).deployment?.tags).toEqual({ team: "app", tier: "one" });
});

test.each<[string, string, readonly string[]]>([
	[
		"another version of the manifest's release",
		'releases: [{name: tiny, version: "2"}]\n',
		['a.yml:1 the release "tiny" stands here again (the first is at m.yml:2: rename or remove one)'],
	],
	[
		"a key of the manifest",
		"instance_groups: []\n",
		['a.yml:1 unknown key "instance_groups" in the file (the keys here are "releases", "addons", "variables", "tags")'],
	],
	[
		"an addon's release that nothing lists",
		"addons: [{name: dns, jobs: [{name: bosh-dns, release: bosh-dns}]}]\n",
		['a.yml:1 job "bosh-dns": the release "bosh-dns" is not listed under releases (there is: "tiny")'],
	],
	[
		"a variable that nothing gives",
		DNS.replace("release: bosh-dns}", "release: bosh-dns, properties: {a: ((b))}}"),
		[
			'a.yml:3 the variable "b" has no value (give it with -v b=… or in a vars file (-l), or define it under variables:)',
		],
	],
])("wrong in a runtime config: %s", (_, config, problems) => {
	expect(deploymentWith(manifest(group("web")), config).problems).toEqual(problems);
});

test("a manifest's own addon has no filter by deployment, as in BOSH", () => {
	const text = `${manifest(group("web"))}addons: [{name: a, jobs: [{name: app, release: tiny}], exclude: {deployments: [x]}}]\n`;
	expect(deploymentWith(text).problems).toEqual([
		"m.yml:7 an addon of a manifest can't have exclude: deployments, it is for this deployment anyway (remove the filter, or move the addon to a runtime config (--runtime-config))",
	]);
});

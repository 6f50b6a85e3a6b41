import { expect, test } from "vitest";
import { planOffline } from "../../../src/plan/plan-offline.ts";
import { CLOUD, cloudOf, deploymentOf, group, HEAD } from "../manifest/read-files.ts";

const CLOUDS = CLOUD.replace(
	"compilation:",
	`- {name: floating, type: vip, cloud_properties: {zone: a}}
- {name: elsewhere, type: dynamic, dns: [10.0.0.2]}
compilation:`,
);

function offline(groups: readonly string[], more = "", used: readonly string[] = []) {
	const deployment = deploymentOf(`${HEAD}instance_groups:\n${groups.join("")}${more}`);
	const { plan, problems } = planOffline(deployment, cloudOf(CLOUDS).cloud, {
		used: new Set(used),
		imported: new Set(),
	});
	return { plan, told: problems.map(({ message, hint }) => `${message} (${hint})`) };
}

const networks =
	"[{name: default, default: [dns, gateway]}, {name: floating, static_ips: [1.2.3.4]}, {name: elsewhere}]";

test("an instance has all that a deploy would give it, and says by name what only the deploy can know", () => {
	const web = group("web", ", vm_extensions: [lb], persistent_disk_type: d1, env: {persistent_disk_fs: xfs}", networks);
	const { plan, told } = offline([web]);
	expect(told).toEqual([]);
	const network = { prefix: 24, gateway: "10.9.1.1", dns: [], default: ["dns", "gateway"], cloud_properties: {} };
	expect(plan.instances).toEqual([
		{
			instance: "web/0",
			lifecycle: "service",
			id: { unknown: "instance-id" },
			bootstrap: true,
			az: "z1",
			stemcell: "ubuntu-jammy/1.360",
			cpi: "main",
			cloud_properties: {},
			env: { persistent_disk_fs: "xfs" },
			networks: {
				default: { type: "manual", ip: "10.9.1.2", ...network },
				floating: { type: "vip", ip: "1.2.3.4", dns: [], default: [], cloud_properties: {} },
				elsewhere: {
					type: "dynamic",
					ip: { unknown: "address" },
					dns: ["10.0.0.2"],
					default: [],
					cloud_properties: {},
				},
			},
			persistent_disk: { size: 1024, cloud_properties: {}, file_system: "xfs" },
		},
	]);
	expect(plan.instance_groups[0]).toMatchObject({
		names: { default: "q-s0.web.default.d.bosh", elsewhere: "q-s0.web.elsewhere.d.bosh" },
		jobs: [{ name: "app", release: "tiny", properties: {}, contents: { unknown: "release" } }],
	});
});

test("errands get their places after the services, as when they run, and no address twice", () => {
	const { plan } = offline([group("tests", ", lifecycle: errand"), group("web"), group("db")]);
	expect(plan.instances.map(({ instance, networks: on }) => `${instance} ${on.default?.ip}`)).toEqual([
		"web/0 10.9.1.2",
		"db/0 10.9.1.3",
		"tests/0 10.9.1.4",
	]);
});

const jobs = (list: string) => group("web").replace("[{name: app, release: tiny}]", list);

test.each<[string, string, unknown]>([
	["blocked", "consumes: {db: nil}", "blocked"],
	["by hand", "consumes: {db: {instances: [{address: 10.0.0.1}]}}", "manual"],
	["of another deployment", "consumes: {db: {from: sql, deployment: other}}", { deployment: "other", name: "sql" }],
	[
		"a name that the manifest gives",
		"consumes: {db: {from: sql, network: default}}",
		{ provider: "db/app", network: "default" },
	],
	["a name that only a release may know", "consumes: {db: {from: pg}}", { unknown: "release", name: "pg" }],
])("a link %s", (_, consumes, from) => {
	const db = group("db").replace("release: tiny}", "release: tiny, provides: {conn: {as: sql}}}");
	const { plan } = offline([jobs(`[{name: app, release: tiny, ${consumes}}]`), db]);
	expect(plan.links).toEqual([{ consumer: "web/app", link: "db", from }]);
});

test("an alias is an error on VMs without bosh-dns; an addon brings it, and stands by its name in the plan", () => {
	const aliased = jobs("[{name: app, release: tiny, provides: {conn: {aliases: [{domain: web.internal}]}}}]");
	expect(offline([aliased]).told).toEqual([
		'aliases are declared, and nothing resolves them on the VMs of "web", which have no bosh-dns job: "web.internal" (web/app) (add job bosh-dns of release bosh-dns to those groups, best as an addon; or remove the aliases)',
	]);
	const { plan, told } = offline([aliased], "addons: [{name: dns, jobs: [{name: bosh-dns, release: tiny}]}]\n");
	expect(told).toEqual([]);
	expect(plan.instance_groups[0]?.jobs.map(({ name, addon }) => [name, addon])).toEqual([
		["app", undefined],
		["bosh-dns", "dns"],
	]);
});

test("what is wrong in both halves is told once", () => {
	const { told } = offline([group("a_b"), group("a-b"), group("tests", ", lifecycle: errand")]);
	expect(told.filter((each, index) => told.indexOf(each) !== index)).toEqual([]);
	expect(told).toHaveLength(1);
});

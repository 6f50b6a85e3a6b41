import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inRange } from "../../src/manifest/ip.ts";
import { parseYaml } from "../../src/manifest/yaml.ts";
import type { OfflinePlan } from "../../src/plan/plan-offline.ts";
import { openWorld, type World } from "../support/acceptance.ts";
import { run } from "../support/acceptance-process.ts";
import { kpaasMin, kpaasMinMissing, type Recipe, recipeArguments, recipeCloud, recipes } from "../support/kpaas-min.ts";
import { findOnPath } from "../support/on-path.ts";
import { users } from "../support/ordinary-user.ts";

/** The networks that a recipe's published cloud config lacks, as an operator adds them. */
const NETWORKS: Readonly<Record<string, string>> = {
	vip: "- {name: vip, type: vip}\n",
	private:
		"- {name: private, subnets: [{range: 10.30.0.0/16, gateway: 10.30.0.1, static: [10.30.0.10-10.30.0.250], azs: [z1, z2, z7]}]}\n",
};

interface Told {
	readonly type: string;
	readonly plan?: OfflinePlan;
	readonly problem?: {
		readonly severity: string;
		readonly code: string;
		readonly message: string;
		readonly place?: { readonly line?: number };
	};
}

/** By hand, where it is on the PATH. */
const bosh = findOnPath("bosh");

describe.skipIf(kpaasMinMissing !== undefined)(`the published recipes of the platform ${kpaasMinMissing ?? ""}`, () => {
	let world: World;
	beforeAll(() => {
		world = openWorld(users[0] as (typeof users)[number]);
	});
	afterAll(() => world.close());

	async function plan(recipe: Recipe, ...more: readonly string[]) {
		const args = ["plan", "--offline", "--json", ...recipeArguments(recipe), "--cloud", recipeCloud(recipe), ...more];
		const { code, stdout, stderr } = await world.davit(args);
		const told = stdout
			.trim()
			.split("\n")
			.map((line) => JSON.parse(line) as Told);
		const problems = told.flatMap(({ problem }) => problem ?? []);
		return { code, stdout, stderr, problems, plan: told.find(({ type }) => type === "offline-plan")?.plan };
	}

	test.each(recipes)("$iaas, $vms VMs: planned without a cloud, to the same bytes each time", async (recipe) => {
		const lacking = recipe.lacks.length > 0;
		if (lacking) {
			const refused = await plan(recipe);
			expect(refused.code).toBe(1);
			expect(refused.problems.map(({ message }) => message)).toEqual(
				recipe.lacks.map((name) =>
					expect.stringMatching(`^instance group "(router|haproxy)": the cloud file has no network "${name}"$`),
				),
			);
			world.write("networks.yml", `networks:\n${recipe.lacks.map((name) => NETWORKS[name]).join("")}`);
		}
		const more = lacking ? ["--cloud", "networks.yml"] : [];
		const first = await plan(recipe, ...more);
		expect(first.code, first.stdout).toBe(0);
		expect((await plan(recipe, ...more)).stdout).toBe(first.stdout);
		const { instances, variables, releases } = first.plan as OfflinePlan;
		expect(instances.filter(({ lifecycle }) => lifecycle === "service")).toHaveLength(recipe.vms);
		expect(instances.map(({ instance, lifecycle }) => (lifecycle === "errand" ? instance : ""))).toEqual([
			...Array(recipe.vms).fill(""),
			"smoke-tests/0",
			"rotate-cc-database-key/0",
		]);
		expectAddresses(instances);
		expect(variables.length).toBeGreaterThan(115);
		expect(releases.filter(({ used }) => !used).map(({ name }) => name)).toEqual(["pxc"]);
		const codes = first.problems.map(({ severity, code, place }) => `${severity} ${code} ${place?.line}`);
		expect(codes).toContain("warning duplicate-key 979");
	});

	/** All different; of a manual network each in its subnet, which is told by gateway and prefix. */
	function expectAddresses(instances: OfflinePlan["instances"]): void {
		const all = instances.flatMap(({ networks }) => Object.values(networks).map(({ ip }) => ip));
		expect(new Set(all).size).toBe(all.length);
		expect(all.every((ip) => typeof ip === "string")).toBe(true);
		for (const { networks } of instances)
			for (const { type, ip, gateway, prefix } of Object.values(networks)) {
				if (type !== "manual") continue;
				const bytes = String(gateway)
					.split(".")
					.slice(0, Number(prefix) / 8);
				const range = {
					from: [...bytes, 0, 0, 0].slice(0, 4).join("."),
					to: [...bytes, 255, 255, 255].slice(0, 4).join("."),
				};
				if (Number(prefix) % 8 === 0) expect(inRange(String(ip), range), `${ip} in ${gateway}/${prefix}`).toBe(true);
				expect(ip).not.toBe(gateway);
			}
	}

	test.skipIf(bosh === undefined).each(recipes)(
		"$iaas, $vms VMs: interpolated to the same data as by bosh int",
		async (recipe) => {
			const int = async (argv: readonly string[]) => {
				const { code, stdout, stderr } = await run(world.command([...argv, "int", ...recipeArguments(recipe)]));
				expect(code, stderr).toBe(0);
				return parseYaml(stdout, "out.yml").value;
			};
			const ours = await int([join(import.meta.dirname, "../../bin/davit")]);
			expect(ours).toEqual(await int([bosh ?? ""]));
			expect(Object.keys(ours as object)).toContain("instance_groups");
		},
	);

	test("what is known to be wrong in them is told, where it stands", async () => {
		const [, aws, gcp] = recipes as readonly [Recipe, Recipe, Recipe];
		const told = (problems: readonly { code: string; message: string; place?: { line?: number } }[], code: string) =>
			problems.filter((each) => each.code === code).map(({ message, place }) => `${place?.line} ${message}`);
		const onAws = (await plan(aws)).problems;
		expect(told(onAws, "cloud-property")).toContain('293 the CPI of aws passes over "ephemeral_dist" (so at line 299)');
		expect(told(onAws, "unused-release")).toEqual(['115 no job uses the release "pxc"']);
		expect(told(onAws, "unused-variable")).toEqual([
			expect.stringMatching(/^1973 nothing uses the variable "cf_mysql_mysql_admin_password", /),
		]);
		expect(told(onAws, "unused-duration")).toEqual([
			'8 "cert_days" is given as 3650, and nothing uses it: 84 certificates last 365 days',
		]);
		expect(told((await plan(gcp)).problems, "cloud-property")).toContain(
			'268 the CPI of google passes over "ephemeral_disk", which is a property of aws and azure (so at line 273)',
		);
	});

	test("bosh-dns comes by a runtime config that names the deployment; one that names another is told", async () => {
		const [openstack] = recipes as readonly [Recipe];
		const runtime = (name: string) => `releases: [{name: bosh-dns, version: "1.36.11"}]
addons: [{name: bosh-dns, jobs: [{name: bosh-dns, release: bosh-dns}], include: {deployments: [${name}], stemcell: [{os: ubuntu-jammy}]}}]
`;
		world.write("runtime.yml", runtime("ap"));
		const right = await plan(openstack, "--runtime-config", "runtime.yml");
		const jobs = (name: string) => right.plan?.instance_groups.find((group) => group.name === name)?.jobs ?? [];
		expect(jobs("router").at(-1)).toMatchObject({ name: "bosh-dns", addon: "bosh-dns" });
		expect(right.problems.map(({ code }) => code)).not.toContain("alias-without-dns");
		world.write("runtime.yml", runtime("cf"));
		const { problems } = await plan(openstack, "--runtime-config", "runtime.yml");
		expect(problems.filter(({ code }) => code === "alias-without-dns").map(({ message }) => message)).toEqual([
			'job bosh-dns-aliases gives names, and nothing answers for them on the VMs of "smoke-tests", "database", "control", "router", "compute", "rotate-cc-database-key", which have no bosh-dns job',
		]);
	});

	test("an ops file that was never published is named", async () => {
		const [openstack] = recipes as readonly [Recipe];
		const missing = join(kpaasMin, "operations/min-azure.yml");
		const { code, stderr } = await world.davit(["int", ...recipeArguments(openstack), "-o", missing]);
		expect([code, stderr]).toEqual([1, expect.stringContaining(`${missing}: ops file: there is no such file`)]);
	});
});

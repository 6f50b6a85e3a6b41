import { located } from "../../src/cli/session/located.ts";
import type { DiskCid } from "../../src/cpi/cpi.ts";
import { attachDiskProblems } from "../../src/plan/attach-disk-problems.ts";
import { buildDesired, type DesiredInput } from "../../src/plan/build-desired.ts";
import { compilationVms } from "../../src/plan/compilation-vms.ts";
import { massDeletion } from "../../src/plan/mass-deletion.ts";
import { namedDiskProblems } from "../../src/plan/named-disk-problems.ts";
import { type PlaceOptions, placeInstances } from "../../src/plan/place.ts";
import { quotaProblems } from "../../src/plan/quota-problems.ts";
import type { PlanReport } from "../../src/plan/report-schema.ts";
import { movedSince, readPlan, type SavedPlan, savePlan } from "../../src/plan/saved-plan.ts";
import type { Plan } from "../../src/plan/step.ts";
import type { Release, ReleaseJob } from "../../src/release/release.ts";
import { type Edit, type ErrorCase, type ErrorCases, edited, MANIFEST, read } from "./error-cases.ts";
import { notSwapped } from "./error-cases-swaps.ts";
import { releaseJob } from "./links.ts";
import { deployed, diskRecord, group, record } from "./plan-fixtures.ts";

/** The release of the manifest: `app` takes a link that `postgres` provides. */
const postgres = releaseJob("postgres", {
	release: "shop",
	properties: { "admin.password": undefined, port: 5432 },
	provides: [{ name: "database", type: "postgres", properties: ["port"] }],
});
const app = releaseJob("app", {
	release: "shop",
	properties: { port: 80 },
	consumes: [{ name: "database", type: "postgres", optional: false }],
});

function release(name: string, version: string, jobs: readonly ReleaseJob[], more: Partial<Release> = {}): Release {
	const byName = new Map(jobs.map((job) => [job.name, job]));
	return { name, version, commitHash: "", uncommittedChanges: false, jobs: byName, packages: new Map(), ...more };
}

const shop = release("shop", "1.2", [postgres, app]);

type Surroundings = Partial<Omit<DesiredInput, "releases">> & {
	readonly releases?: readonly Release[];
	readonly placing?: Partial<PlaceOptions>;
};

/** What a deploy is told of a manifest once its releases are there. */
function planned(edits: readonly Edit[], { releases = [shop], placing, ...more }: Surroundings = {}): ErrorCase {
	return () => {
		const { deployment, cloud, place, problems } = read({ manifest: edited(MANIFEST, edits) });
		if (!deployment || !cloud || problems.length > 0) return problems;
		const options = { usedElsewhere: new Set<string>(), newId: () => "an-id", include: () => true, ...placing };
		const built = buildDesired({
			deployment,
			cloud,
			placement: placeInstances(deployment, cloud, [], options),
			releases: new Map(releases.map((each) => [each.name, each])),
			disks: [],
			stemcell: () => undefined,
			vmResources: () => undefined,
			cgroups: () => undefined,
			linksElsewhere: () => "no such deployment",
			...more,
		});
		return built.problems.map((problem) => located(problem, place));
	};
}

/** What a deploy with compilation VMs is told where all addresses but `free` are in use, or their cloud has another image. */
function compiling({ free = 0, version = "1" }: { free?: number; version?: string }): ErrorCase {
	return () => {
		const { deployment, cloud } = read({ manifest: MANIFEST });
		if (!deployment || !cloud) return [];
		const block = { workers: 2, network: "default", az: "z2", cloudProperties: {}, vmExtensions: [], env: {} };
		const use = (name: string) => ({ name, release: "shop", fingerprint: name, key: name, dependencies: [] });
		const used = Array.from({ length: 255 }, (_, last) => `10.0.2.${last}`);
		const source = { from: "cloud", cloudProperties: {} } as const;
		return compilationVms({
			deployment,
			cloud: { ...cloud, compilation: block },
			needs: [{ stemcell: { line: "ubuntu-jammy/1", alias: "default" }, diffs: [], uses: [use("app"), use("db")] }],
			used: new Set(used.filter((ip) => !spare.slice(0, free).includes(ip))),
			groups: new Set(),
			newId: () => "an-id",
			stemcell: () => ({ os: "ubuntu-jammy", version, kind: "prepared", source }),
			cloudProperties: {},
		}).problems;
	};
}

/** Addresses that nothing reserves. */
const spare = ["10.0.2.200", "10.0.2.201"];

const inApp = (lines: string): Edit => ["    properties: {port: 8080}\n", `    properties: {port: 8080}\n${lines}`];
const inPostgres = (lines: string): Edit => [
	"{password: ((db_password))}}\n",
	`{password: ((db_password))}}\n${lines}`,
];
const dns = release("bosh-dns", "1.38", [releaseJob("bosh-dns", { release: "bosh-dns" })]);
const aliases = release("aliases", "0.0.4", [releaseJob("bosh-dns-aliases", { release: "aliases" })]);
const DNS = "  - {name: bosh-dns, release: bosh-dns}\n";
/** A release more. */
const listing = ({ name, version }: Release): Edit => [
	"stemcells:\n",
	`- {name: ${name}, version: "${version}"}\nstemcells:\n`,
];
const secondPostgres: Edit = [
	"variables:",
	`- name: db2
  azs: [z1]
  instances: 1
  vm_type: large
  stemcell: default
  networks: [{name: private}]
  jobs: [{name: postgres, release: shop}]
variables:`,
];
const withoutProvides = release("shop", "1.2", [{ ...postgres, provides: [] }, app]);
const fromOther = inApp("    consumes: {database: {deployment: data}}\n");
const scheme = { deployment: "data", features: {} as never, azs: ["z1"] };
const offered = {
	name: "primary",
	type: "postgres",
	properties: {},
	aliases: [],
	from: { group: { name: "pg", networks: [{ name: "private", default: [] }] }, instances: [] },
};

const report: PlanReport = {
	...{
		deployment: "shop",
		first_deploy: false,
		refreshed: true,
		asked: { calls: [], probes: 0 },
		unchanged: 3,
		changes: [],
		compile: [],
		compilation_vms: [],
		irreversible: [],
		steps: [],
	},
	...{ packages: { there: 0, lacking: [] }, variables: [], deletes: { instances: [], vms: [] } },
	totals: {
		not_told: [],
		instances: 3,
		persistent_disk: 10240,
		addresses: { default: 2, private: 1 },
		vm_types: { large: 1, small: 2 },
	},
};

/** Anything that is the same for the same text, and another for another. */
const keyedDigest = (text: string) => `${text.length}`;
const saved: SavedPlan = savePlan(
	{
		deployment: "shop",
		store: "store-1",
		made_at: "2026-03-01T09:00:00.000Z",
		inputs: { manifest: "m", releases: "r", history: "h", plan: "p" },
		plan: report,
	},
	keyedDigest,
);
const moved = (now: Partial<SavedPlan>): ErrorCase => {
	return () => movedSince(saved, { ...saved, ...now }, "shop.plan");
};
const reading = (text: string): ErrorCase => {
	return () => {
		const plan = readPlan(text, "shop.plan", keyedDigest);
		return "severity" in plan ? [plan] : [];
	};
};
const change = (instance: string, detail: string): PlanReport["changes"][number] => ({
	instance,
	action: "update",
	downtime: "restart",
	disk: "kept",
	canary: false,
	reasons: [{ reason: "configuration", detail, values: [] }],
});

const db = record("db", 0, { vm: { cid: "vm-1", cpi: "main" } as never });
const dbGroup = group("db", { persistentDisk: { sizeMib: 1024 } });
const orphan = diskRecord("disk-7", { deployment: "shop", instanceName: "db/1", cpi: "main", orphanedAt: 1 });
const attaching = (more: Partial<Parameters<typeof attachDiskProblems>[0]>): ErrorCase => {
	return () =>
		attachDiskProblems({
			instance: db,
			group: dbGroup,
			cid: "disk-7",
			as: undefined,
			disk: orphan,
			orphans: [orphan],
			...more,
		});
};

/** What is wrong with placement, names, releases against the manifest, links, saved plans, deletions and disks. */
export const planCases: ErrorCases = {
	"alias-placeholder": [
		planned(
			[
				inPostgres(`    provides: {database: {aliases: [{domain: shop.internal, placeholder_type: index}]}}\n${DNS}`),
				inApp(DNS),
				listing(dns),
			],
			{ releases: [shop, dns] },
		),
	],
	"alias-without-dns": [
		planned([inPostgres("    provides: {database: {aliases: [{domain: db.shop.internal}]}}\n")]),
		planned([inApp("  - {name: bosh-dns-aliases, release: aliases}\n"), listing(aliases)], {
			releases: [shop, aliases],
		}),
	],
	"disk-in-use": [
		attaching({ disk: diskRecord("disk-7", { deployment: "shop", instance: "db-1-id", instanceName: "db/1" }) }),
	],
	"disk-not-changed": [
		() => {
			const former = diskRecord("disk-9", { sizeMib: 2048 });
			const named = { name: "log", sizeMib: 1024, cloudProperties: {}, former };
			const desired = deployed(dbGroup, 0, { disks: [named] });
			const diff = { desired, action: "update", vm: "keep", reasons: [], reachable: true } as const;
			return namedDiskProblems([diff], () => true);
		},
	],
	"half-copy": [attaching({ disk: { ...orphan, copyOf: { disk: "disk-3" as DiskCid, whole: false } } })],
	"link-ambiguous": [
		planned([secondPostgres]),
		planned([fromOther], {
			linksElsewhere: () => ({
				scheme,
				links: [
					{ ...offered, name: "database" },
					{ ...offered, name: "database" },
				],
			}),
		}),
	],
	"link-blocked": [planned([inApp("    consumes: {database: nil}\n")])],
	"link-consume-unknown": [planned([inApp("    consumes: {databse: {from: database}}\n")])],
	"link-network": [planned([inApp("    consumes: {database: {network: default}}\n")])],
	"link-no-deployment": [planned([fromOther])],
	"link-not-shared": [planned([fromOther], { linksElsewhere: () => ({ scheme, links: [offered] }) })],
	"link-property-undeclared": [
		planned([inPostgres("    custom_provider_definitions: [{name: admin, type: admin, properties: [user]}]\n")]),
	],
	"link-provide-unknown": [planned([inPostgres("    provides: {databse: {as: primary}}\n")])],
	"link-provider-twice": [planned([inPostgres("    custom_provider_definitions: [{name: database, type: admin}]\n")])],
	"link-unfinished-deployment": [planned([fromOther], { linksElsewhere: () => "never finished" })],
	"link-unresolved": [
		planned([inApp("    consumes: {database: {from: primary}}\n")]),
		planned([], { releases: [withoutProvides] }),
	],
	"mass-deletion": [
		() => {
			const deleted = { action: "delete", instance: "db/0", reasons: [] } as const;
			const made = { action: "create", instance: "database/0", reasons: [] } as const;
			const plan: Plan = { deployment: "shop", steps: [], changes: [deleted, made] };
			const problem = massDeletion(plan, [db, record("web", 0), record("web", 1)]);
			return problem ? [problem] : [];
		},
	],
	"name-not-dns": [planned([["- name: web\n", "- name: -web\n"]])],
	"names-alike": [planned([["- name: web\n", "- name: DB\n"]])],
	"no-address": [
		planned([], { placing: { usedElsewhere: new Set(Array.from({ length: 255 }, (_, last) => `10.0.2.${last}`)) } }),
		compiling({}),
	],
	"few-addresses": [compiling({ free: 1 })],
	"no-disk": [attaching({ disk: undefined, cid: "disk-8" })],
	"no-job": [planned([["- name: app\n", "- name: ap\n"]])],
	"no-persistent-disk": [attaching({ group: group("db") }), attaching({ as: "log" })],
	"no-vm": [attaching({ instance: record("db", 0) })],
	"not-swapped": notSwapped(shop),
	"other-stemcell": [compiling({ free: 2, version: "2" })],
	"other-az": [attaching({ disk: { ...orphan, az: "z2" } })],
	"other-cpi": [attaching({ disk: { ...orphan, cpi: "other" } })],
	"plan-altered": [reading(JSON.stringify({ ...saved, made_at: "2027" }))],
	"plan-of-another": [moved({ deployment: "store" }), moved({ store: "store-2" })],
	"plan-outdated": [
		moved({ inputs: { ...saved.inputs, manifest: "m2", releases: "r2", history: "h2" } }),
		moved({
			inputs: { ...saved.inputs, plan: "p2" },
			plan: { ...report, changes: [change("web/0", "properties.port")] },
		}),
	],
	"plan-unreadable": [reading("name: shop\n"), reading("{}")],
	"property-not-a-map": [planned([["{admin: {password: ((db_password))}}", "{admin: ((db_password))}"]])],
	"property-unused": [planned([["{port: 8080}", "{prot: 8080}"]])],
	"quota-exceeded": [
		() =>
			quotaProblems([
				{
					...{
						cpi: "openstack",
						resource: "vcpus",
						now: 8,
						most: 24,
						after: 24,
						takers: ["router/0 (8)", "api/0 (8)"],
					},
					quotas: [{ resource: "vcpus", name: "cores", limit: 40, used: 30, enforced: true }],
				},
			]),
	],
	"release-needs-cgroup-v1": [
		planned(
			[
				["stemcells:\n", '- name: bpm\n  version: "1.1.9"\nstemcells:\n'],
				["os: ubuntu-jammy", "os: ubuntu-noble"],
				inApp("  - {name: bpm, release: bpm}\n"),
			],
			{ releases: [shop, release("bpm", "1.1.9", [releaseJob("bpm", { release: "bpm" })])], cgroups: () => "v2" },
		),
	],
	"release-stemcell-differs": [
		planned([['  version: "1.2"\n', '  version: "1.2"\n  stemcell: {os: ubuntu-jammy, version: "1.719"}\n']], {
			releases: [
				release("shop", "1.2", [postgres, app], {
					packages: new Map([["app", { form: { compiledFor: "ubuntu-jammy/1.650" } } as never]]),
				}),
			],
		}),
	],
	"which-disk": [attaching({ group: group("db", { persistentDisks: [{ name: "log", type: "fast" }] }) })],
};

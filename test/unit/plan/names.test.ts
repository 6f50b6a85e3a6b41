import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { linkAliasProblems } from "../../../src/plan/alias-problems.ts";
import { resolveLinks } from "../../../src/plan/links.ts";
import { nameProblems } from "../../../src/plan/name-problems.ts";
import { canonicalName, linkQuery, nameNumber, ownerNumber, queryName } from "../../../src/plan/names.ts";
import { hostsLines } from "../../../src/plan/names-hosts.ts";
import { recordsJson, runsBoshDns } from "../../../src/plan/names-records.ts";
import { jobUse, linkGroup, manual, noFeatures, placed, releaseJob, scheme } from "../../support/links.ts";

const [z1, z2] = [nameNumber("az", "z1"), nameNumber("az", "z2")];

test("names are written as BOSH writes them", () => {
	expect(["My_DB", "a.b", "한국-1"].map(canonicalName)).toEqual(["my-db", "ab", "-1"]);
});

test("a query's tokens stand in order, whatever the criteria", () => {
	const query = linkQuery(scheme(), { group: "web" }, "default");
	expect(queryName(query)).toBe("q-s0.web.default.min.bosh");
	expect(queryName(query, { azs: ["z2", "z1"], health: "healthy" })).toBe(
		`q-${[`a${z1}`, `a${z2}`].sort().join("")}s3.web.default.min.bosh`,
	);
});

test("a number depends on the name alone, and a query in five AZs fits a label", () => {
	fc.assert(
		fc.property(fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 5, maxLength: 5 }), (azs) => {
			const short = { ...scheme({ useShortDnsAddresses: true }), azs };
			const name = queryName(linkQuery(short, { group: "web" }, "default"), { azs });
			for (const label of name.split(".")) expect(label.length).toBeLessThanOrEqual(63);
			expect(linkQuery({ ...short, azs: azs.slice(2) }, { group: "web" }, "default").azs).toMatchObject(
				Object.fromEntries(azs.slice(2).map((az) => [az, nameNumber("az", az)])),
			);
		}),
	);
});

test("names that are no DNS labels, and those that look alike there, are told", () => {
	const deployment = {
		name: "min-",
		releases: [],
		stemcells: [],
		addons: [],
		variables: [],
		features: noFeatures,
		tags: {},
		update: linkGroup("x", []).group.update,
		instanceGroups: ["my_db", "my-db", "_x", "ok"].map((name) => linkGroup(name, []).group),
	};
	expect(nameProblems(deployment).map(({ message }) => message)).toMatchInlineSnapshot(`
		[
		  "deployment "min-" makes no part of a DNS name ("min-")",
		  "instance group "_x" makes no part of a DNS name ("-x")",
		  "instance group "my-db" has the same DNS name as another: "my-db"",
		]
	`);
});

describe("the hosts block", () => {
	const prov = releaseJob("prov", { provides: [{ name: "conn", type: "db", properties: [] }] });
	const cons = releaseJob("cons", { consumes: [{ name: "conn", type: "db", optional: false }] });
	const db = [
		placed("db", 0),
		placed("db", 1, { networks: { default: manual("10.0.0.2"), back: manual("10.9.0.2", []) } }),
	];
	const web = placed("web", 0, { networks: { default: manual("10.0.0.9") } });
	const other = placed("other", 0, { networks: { default: manual("10.0.0.7") } });
	const all = new Map([...db, web, other].map((instance) => [instance.id, instance]));
	const links = resolveLinks(scheme(), [
		linkGroup("db", [jobUse(prov)], { instances: db }),
		linkGroup("web", [jobUse(cons)], { instances: [web] }),
		linkGroup("other", [], { instances: [other] }),
	]);

	test("names the instance itself and all behind its links, by every name that a link can give", () => {
		expect(hostsLines(scheme(), web, Object.values(links.of("web", "cons")), all)).toEqual([
			`10.0.0.1 ${["db-uuid-0.db.default.min.bosh", ...[`q-a${z1}`, "q-"].flatMap((q) => ["s0", "s3", "s4"].map((s) => `${q}${s}.db.default.min.bosh`))].join(" ")}`,
			`10.0.0.2 ${["db-uuid-1.db.default.min.bosh", ...[`q-a${z2}`, "q-"].flatMap((q) => ["s0", "s3", "s4"].map((s) => `${q}${s}.db.default.min.bosh`))].join(" ")}`,
			"10.0.0.9 web-uuid-0.web.default.min.bosh",
		]);
	});

	test("holds each address of links that carry short names", () => {
		const short = scheme({ useLinkDnsNames: true });
		const groups = [
			linkGroup("db", [jobUse(prov)], { instances: db }),
			linkGroup("web", [jobUse(cons)], { instances: [web] }),
		];
		const { conn } = resolveLinks(short, groups).of("web", "cons");
		const lines = hostsLines(short, web, conn ? [conn] : [], all).join("\n");
		for (const { address } of conn?.instances ?? []) expect(lines).toContain(` ${address}`);
		expect(lines).toContain(` ${conn?.address}`);
	});

	test("leaves out what has no address yet", () => {
		const moving = placed("db", 0, {
			networks: { default: { type: "dynamic", dns: [], default: ["dns", "gateway"] } },
		});
		expect(hostsLines(scheme(), moving, [], new Map())).toEqual([]);
	});
});

describe("records.json", () => {
	const job = releaseJob("prov", { provides: [{ name: "conn", type: "db", properties: [] }] });
	const dns = jobUse(releaseJob("bosh-dns"));
	const aliases = [
		{ domain: "db.internal", healthFilter: "all" },
		{ domain: "_.db.internal", placeholderType: "uuid" },
	] as const;
	const groups = [
		linkGroup("my_db", [jobUse(job, { provides: { conn: { as: "main", aliases } } }), dns]),
		linkGroup("web", [jobUse(releaseJob("app"))]),
	];
	const { providers } = resolveLinks(scheme(), groups);

	test("is a director's", () => {
		const g = ownerNumber(scheme(), { group: "my_db" });
		const l = ownerNumber(scheme(), { group: "my_db", link: "main-db" });
		const instances = [placed("my_db", 0), placed("none", 1, { az: "" })];
		const text = recordsJson([{ scheme: scheme(), instances, providers }]);
		expect(JSON.parse(text)).toEqual({
			records: [
				["10.0.0.1", "my_db-uuid-0.my-db.default.min.bosh"],
				["10.0.0.2", "none-uuid-1.none.default.min.bosh"],
			],
			version: 1,
			record_keys: [
				"id",
				"num_id",
				"instance_group",
				"group_ids",
				"az",
				"az_id",
				"network",
				"network_id",
				"deployment",
				"ip",
				"domain",
				"agent_id",
				"instance_index",
			],
			record_infos: [
				[
					"my_db-uuid-0",
					`${nameNumber("instance", "my_db-uuid-0")}`,
					"my-db",
					[`${g}`, `${l}`],
					"z1",
					`${z1}`,
					"default",
					`${nameNumber("network", "default")}`,
					"min",
					"10.0.0.1",
					"bosh",
					"my_db-uuid-0",
					0,
				],
				[
					"none-uuid-1",
					`${nameNumber("instance", "none-uuid-1")}`,
					"none",
					[`${ownerNumber(scheme(), { group: "none" })}`],
					null,
					null,
					"default",
					`${nameNumber("network", "default")}`,
					"min",
					"10.0.0.2",
					"bosh",
					"none-uuid-1",
					1,
				],
			],
			aliases: {
				"db.internal": [
					{
						root_domain: "bosh",
						group_id: `${l}`,
						health_filter: "all",
						initial_health_check: null,
						placeholder_type: null,
					},
				],
				"_.db.internal": [
					{
						root_domain: "bosh",
						group_id: `${l}`,
						health_filter: null,
						initial_health_check: null,
						placeholder_type: "uuid",
					},
				],
			},
		});
	});

	test("has what is consumed of another deployment under that deployment's names", () => {
		const own = { scheme: scheme(), instances: [placed("my_db", 0)], providers };
		const other = { ...own, scheme: { ...scheme(), deployment: "other" }, instances: [placed("db", 1)] };
		const { records, record_keys: keys, record_infos: infos } = JSON.parse(recordsJson([own, other]));
		expect(records).toEqual([
			["10.0.0.1", "my_db-uuid-0.my-db.default.min.bosh"],
			["10.0.0.2", "db-uuid-1.db.default.other.bosh"],
		]);
		expect(infos.map((info: unknown[]) => info[keys.indexOf("deployment")])).toEqual(["min", "other"]);
		expect(infos[1][keys.indexOf("group_ids")]).toEqual([`${ownerNumber(other.scheme, { group: "db" })}`]);
	});

	test("goes to VMs that run bosh-dns; an alias is an error where a VM has none", () => {
		expect(groups.map(runsBoshDns)).toEqual([true, false]);
		expect(
			linkAliasProblems(groups, providers).map(({ message, hint }) => `${message}\n  ${hint}`),
		).toMatchInlineSnapshot(`
			[
			  "aliases are declared, and nothing resolves them on the VMs of "web", which have no bosh-dns job: "db.internal" (my_db/prov), "_.db.internal" (my_db/prov)
			  add job bosh-dns of release bosh-dns to those groups, best as an addon; or remove the aliases",
			]
		`);
		expect(linkAliasProblems(groups.slice(0, 1), providers)).toEqual([]);
		expect(linkAliasProblems(groups, [])).toEqual([]);
	});

	test("a placeholder needs its label", () => {
		const bad = linkGroup("a", [
			jobUse(job, { provides: { conn: { aliases: [{ domain: "x.internal", placeholderType: "index" }] } } }),
			dns,
		]);
		expect(linkAliasProblems([bad], resolveLinks(scheme(), [bad]).providers).map(({ code }) => code)).toEqual([
			"alias-placeholder",
		]);
	});
});

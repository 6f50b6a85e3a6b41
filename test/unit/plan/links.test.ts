import { describe, expect, test } from "vitest";
import type { ConsumeRef, JobRef } from "../../../src/manifest/deployment.ts";
import { linkProviders } from "../../../src/plan/link-providers.ts";
import { resolveLinks } from "../../../src/plan/links.ts";
import { type NameScheme, nameNumber, ownerNumber } from "../../../src/plan/names.ts";
import { type SharedLinks, sharedLinks } from "../../../src/plan/shared-links.ts";
import { jobUse, linkGroup, manual, placed, releaseJob, scheme } from "../../support/links.ts";

const prov = releaseJob("prov", {
	provides: [{ name: "conn", type: "db", properties: ["port", "tls.ca"] }],
	properties: { port: 5432, "tls.ca": undefined, secret: "x" },
});
const cons = releaseJob("cons", { consumes: [{ name: "conn", type: "db", optional: false }] });
const maybe = releaseJob("maybe", { consumes: [{ name: "conn", type: "db", optional: true }] });
const shown = (problems: readonly { message: string; hint?: string }[]) =>
	problems.map(({ message, hint }) => `${message}\n  ${hint}`).join("\n");

describe("a link is resolved", () => {
	test("by type, where one provider has it; what it shows of the properties is as given, else the default", () => {
		const links = resolveLinks(scheme(), [
			linkGroup("db", [jobUse(prov, { properties: { tls: { ca: "((ca.certificate))" } } })], {
				instances: [placed("db", 0), placed("db", 1)],
			}),
			linkGroup("web", [jobUse(cons)]),
		]);
		expect(links.problems).toEqual([]);
		expect(links.of("web", "cons").conn).toEqual({
			deployment_name: "min",
			instance_group: "db",
			default_network: "default",
			domain: "bosh",
			address: "q-s0.db.default.min.bosh",
			query: {
				tokens: [],
				azs: { z1: nameNumber("az", "z1"), z2: nameNumber("az", "z2") },
				suffix: "db.default.min.bosh",
			},
			properties: { port: 5432, tls: { ca: "((ca.certificate))" } },
			instances: [
				{ name: "db", id: "db-uuid-0", index: 0, az: "z1", address: "10.0.0.1", bootstrap: true },
				{ name: "db", id: "db-uuid-1", index: 1, az: "z2", address: "10.0.0.2", bootstrap: false },
			],
		});
	});

	test("from the group's properties where the job has none of its own", () => {
		const links = resolveLinks(scheme(), [
			linkGroup("db", [jobUse(prov)], { group: { properties: { port: 1 } } }),
			linkGroup("web", [jobUse(cons)]),
		]);
		expect(links.of("web", "cons").conn?.properties).toEqual({ port: 1, tls: { ca: null } });
	});

	test("to a disk of its own group, by name or as the only one; another group's is none of its own", () => {
		const wal = releaseJob("wal", { consumes: [{ name: "wal", type: "disk", optional: false }] });
		const disks = (...names: readonly string[]) => ({
			group: { persistentDisks: names.map((name) => ({ name, type: "d1" })) },
		});
		const named = resolveLinks(scheme(), [
			linkGroup("db", [jobUse(wal, { consumes: { wal: { from: "log" } } })], disks("log", "wal")),
			linkGroup("other", [jobUse(wal)], disks("wal")),
		]);
		expect(named.problems).toEqual([]);
		expect(named.of("db", "wal").wal).toMatchObject({
			...{ deployment_name: "min", instance_group: "db", properties: { name: "log" }, instances: [], address: "" },
		});
		expect(named.of("other", "wal").wal?.properties).toEqual({ name: "wal" });
		const wrong = resolveLinks(scheme(), [
			linkGroup("db", [jobUse(wal)], disks("log", "wal")),
			linkGroup("other", [jobUse(wal)]),
			linkGroup("third", [jobUse(wal, { consumes: { wal: { network: "default" } } })], disks("wal")),
		]);
		expect(shown(wrong.problems)).toMatchInlineSnapshot(`
			"instance group "db", job "wal": link "wal" (type "disk") could come from 2 providers: "log" (type "disk") of instance group "db"; "wal" (type "disk") of instance group "db"
			  choose it in instance group "db", job "wal": consumes: {wal: {from: log}}
			instance group "other", job "wal": link "wal" (type "disk") has no provider
			  give the instance group the disk: persistent_disks: [{name: wal, type: …}]
			instance group "third", job "wal": link "wal" (type "disk"): its provider, "wal" (type "disk") of instance group "third", is not on network "default"
			  remove network: a disk is on none"
		`);
	});

	test("within its own group, and by a job that provides it itself", () => {
		const peer = releaseJob("peer", {
			provides: [{ name: "peers", type: "peer", properties: [] }],
			consumes: [{ name: "peers", type: "peer", optional: false }],
		});
		const links = resolveLinks(scheme(), [linkGroup("a", [jobUse(peer)])]);
		expect(links.of("a", "peer").peers?.instances).toHaveLength(1);
	});

	test("by the name that `from` gives and `as` gave, of its type", () => {
		const links = resolveLinks(scheme(), [
			linkGroup("a", [jobUse(prov, { provides: { conn: { as: "first" } } })]),
			linkGroup("b", [jobUse(prov, { provides: { conn: { as: "second" } } })]),
			linkGroup("c", [jobUse(cons, { consumes: { conn: { from: "second" } } })]),
			linkGroup("d", [jobUse(cons, { consumes: { conn: { from: "min.first" } } })]),
		]);
		expect(links.problems).toEqual([]);
		expect(links.of("c", "cons").conn?.instance_group).toBe("b");
		expect(links.of("d", "cons").conn?.instance_group).toBe("a");
	});

	test("from a provider that only the manifest defines", () => {
		const app = releaseJob("app", { properties: { port: 8080 } });
		const wants = releaseJob("cons", { consumes: [{ name: "x", type: "addr", optional: false }] });
		const use = jobUse(app, {
			customProviderDefinitions: [{ name: "my", type: "addr", properties: ["port"] }],
			provides: { my: { as: "web-addr" } },
		});
		const links = resolveLinks(scheme(), [
			linkGroup("web", [use, jobUse(wants, { consumes: { x: { from: "web-addr" } } })]),
			linkGroup("cl", [jobUse(wants, { consumes: { x: { from: "web-addr" } } })]),
		]);
		expect(links.problems).toEqual([]);
		for (const group of ["web", "cl"]) {
			const x = links.of(group, "cons").x;
			expect(x?.instances.map(({ address }) => address)).toEqual(["10.0.0.1"]);
			expect(x?.properties).toEqual({ port: 8080 });
		}
	});

	test("by hand, without any provider", () => {
		const consumes = {
			conn: {
				manual: {
					instances: [{ address: "db.example.com" }, { address: "10.1.1.1", index: 7, az: "z9" }],
					address: "all.example.com",
					properties: { port: 1 },
				},
			},
		};
		const links = resolveLinks(scheme(), [linkGroup("web", [jobUse(cons, { consumes })])]);
		expect(links.problems).toEqual([]);
		expect(links.of("web", "cons").conn).toEqual({
			deployment_name: "min",
			instance_group: "",
			default_network: "",
			domain: "bosh",
			address: "all.example.com",
			properties: { port: 1 },
			instances: [
				{ name: "", id: "", index: 0, az: "", address: "db.example.com", bootstrap: true },
				{ name: "", id: "", index: 7, az: "z9", address: "10.1.1.1", bootstrap: false },
			],
		});
	});

	test("to nothing, where it is optional and nobody provides it, or `nil` blocks either end", () => {
		const links = resolveLinks(scheme(), [
			linkGroup("a", [jobUse(prov, { provides: { conn: "nil" } })]),
			linkGroup("b", [jobUse(maybe), jobUse({ ...maybe, name: "blocked" }, { consumes: { conn: "nil" } })]),
		]);
		expect(links.problems).toEqual([]);
		expect([links.of("b", "maybe"), links.of("b", "blocked")]).toEqual([{}, {}]);
	});
});

describe("a link carries", () => {
	const networks = {
		default: manual("10.0.0.1"),
		back: manual("10.9.0.1", []),
		moving: { type: "dynamic", ip: "10.8.0.1", dns: [], default: [] },
	} as const;
	const instances = [placed("my_db", 0, { networks })];
	const name = "my-db";
	const i = nameNumber("instance", "my_db-uuid-0");
	const n = nameNumber("network", "default");
	const g = ownerNumber(scheme(), { group: "my_db" });
	const l = ownerNumber(scheme(), { group: "my_db", link: "conn-db" });

	test.each([
		["addresses of the default network", {}, {}, "10.0.0.1"],
		["addresses of the network that the consumer names", {}, { network: "back" }, "10.9.0.1"],
		["names on a dynamic network", {}, { network: "moving" }, `my_db-uuid-0.${name}.moving.min.bosh`],
		[
			"names where the consumer wants no addresses",
			{},
			{ ipAddresses: false },
			`my_db-uuid-0.${name}.default.min.bosh`,
		],
		["names where features say so", { useDnsAddresses: true }, {}, `my_db-uuid-0.${name}.default.min.bosh`],
		["addresses where the consumer insists", { useDnsAddresses: true }, { ipAddresses: true }, "10.0.0.1"],
		["short names", { useDnsAddresses: true, useShortDnsAddresses: true }, {}, `q-m${i}n${n}s0.q-g${g}.bosh`],
		["the link's own names", { useLinkDnsNames: true }, {}, `q-m${i}n${n}s0.q-g${l}.bosh`],
	])("%s", (_, features, wish, address) => {
		const links = resolveLinks(scheme(features), [
			linkGroup("my_db", [jobUse(prov)], { instances }),
			linkGroup("web", [jobUse(cons, { consumes: { conn: { from: "conn", ...wish } } })]),
		]);
		expect(links.problems).toEqual([]);
		expect(links.of("web", "cons").conn?.instances[0]?.address).toBe(address);
	});
});

describe("a link that can't be resolved says who wants it, what there is, and the lines that settle it", () => {
	const two = [linkGroup("a", [jobUse(prov)]), linkGroup("b", [jobUse(prov)])];

	test("several providers", () => {
		expect(shown(resolveLinks(scheme(), [...two, linkGroup("c", [jobUse(cons)])]).problems)).toMatchInlineSnapshot(`
			"instance group "c", job "cons": link "conn" (type "db") could come from 2 providers: "conn" (type "db") of instance group "a", job "prov"; "conn" (type "db") of instance group "b", job "prov"
			  give one of them a name of its own, in its group and job: provides: {conn: {as: CHOSEN-NAME}}; then choose it in instance group "c", job "cons": consumes: {conn: {from: CHOSEN-NAME}}"
		`);
	});

	test("several providers, with names", () => {
		const named = linkGroup("b", [jobUse(prov, { provides: { conn: { as: "second" } } })]);
		expect(
			shown(resolveLinks(scheme(), [linkGroup("a", [jobUse(prov)]), named, linkGroup("c", [jobUse(cons)])]).problems),
		).toMatchInlineSnapshot(`
			"instance group "c", job "cons": link "conn" (type "db") could come from 2 providers: "conn" (type "db") of instance group "a", job "prov"; "second", in its spec "conn" (type "db") of instance group "b", job "prov"
			  choose it in instance group "c", job "cons": consumes: {conn: {from: conn}}"
		`);
	});

	test("no provider at all", () => {
		expect(shown(resolveLinks(scheme(), [linkGroup("c", [jobUse(cons)])]).problems)).toMatchInlineSnapshot(`
			"instance group "c", job "cons": link "conn" (type "db") has no provider
			  add a job that provides type "db", or give the link by hand: consumes: {conn: {instances: [{address: …}], properties: {…}}}"
		`);
	});

	test("a misspelt name, even of an optional link", () => {
		const consumer = linkGroup("c", [jobUse(maybe, { consumes: { conn: { from: "con" } } })]);
		expect(shown(resolveLinks(scheme(), [linkGroup("a", [jobUse(prov)]), consumer]).problems)).toMatchInlineSnapshot(`
			"instance group "c", job "maybe": link "conn" (type "db") has no provider under the name "con"; there is "conn" (type "db") of instance group "a", job "prov"
			  take one of that type: consumes: {conn: {from: conn}}"
		`);
	});

	test("a blocked link that is needed, a network that the provider is not on", () => {
		const wishes = ["nil", { from: "conn", network: "back" }] as const;
		const consumers = wishes.map((wish, index) => linkGroup(`c${index}`, [jobUse(cons, { consumes: { conn: wish } })]));
		expect(
			shown(resolveLinks(scheme(), [linkGroup("a", [jobUse(prov)]), ...consumers]).problems),
		).toMatchInlineSnapshot(`
			"instance group "c0", job "cons": link "conn" (type "db") is blocked by "nil", and the job can't do without it
			  remove consumes: {conn: nil}; only optional links can be blocked
			instance group "c1", job "cons": link "conn" (type "db"): its provider, "conn" (type "db") of instance group "a", job "prov", is not on network "back"
			  name one that it is on: default"
		`);
	});

	test("an ambiguity that nobody runs into is no error", () => {
		expect(resolveLinks(scheme(), two).problems).toEqual([]);
	});
});

describe("a link of another deployment", () => {
	const other: NameScheme = { ...scheme({ useDnsAddresses: true }), deployment: "other", azs: ["z9"] };
	const shared = { conn: { as: "main", shared: true } };
	const offering = (provides: JobRef["provides"], ...groups: readonly string[]) =>
		sharedLinks(other, linkProviders(groups.map((group) => linkGroup(group, [jobUse(prov, { provides })]))).providers);
	const consume = (wish: ConsumeRef, elsewhere: SharedLinks) =>
		resolveLinks(scheme(), [linkGroup("web", [jobUse(cons, { consumes: { conn: wish } })])], (name) =>
			name === "other" ? elsewhere : "no such deployment",
		);

	test("has that deployment's names, and addresses or names as the consumer chooses", () => {
		const elsewhere = offering(shared, "db");
		const links = consume({ from: "main", deployment: "other" }, elsewhere);
		expect(links.problems).toEqual([]);
		expect(links.of("web", "cons").conn).toMatchObject({
			deployment_name: "other",
			address: "q-s0.db.default.other.bosh",
			instances: [{ id: "db-uuid-0", address: "10.0.0.1" }],
		});
		expect(links.elsewhere).toEqual([elsewhere]);
		const named = consume({ from: "other.main", deployment: "other", ipAddresses: false }, elsewhere);
		expect(named.of("web", "cons").conn?.instances[0]?.address).toBe("db-uuid-0.db.default.other.bosh");
	});

	test("is none that only that deployment's own jobs may consume", () => {
		expect(offering({ conn: { as: "main" } }, "db").links).toEqual([]);
		expect(offering({ conn: { as: "main", shared: false } }, "db").links).toEqual([]);
	});

	test("is plain data, as it has to be to be recorded", () => {
		const elsewhere = offering(shared, "db");
		expect(JSON.parse(JSON.stringify(elsewhere))).toEqual(elsewhere);
	});

	test("that can't be resolved says what the other one shares", () => {
		const wishes: readonly [ConsumeRef, SharedLinks][] = [
			[{ from: "conn", deployment: "other" }, offering(shared, "db")],
			[{ from: "main", deployment: "other" }, offering(shared, "db", "more")],
			[{ from: "main", deployment: "other", network: "back" }, offering(shared, "db")],
		];
		const told = wishes.map(([wish, elsewhere]) => shown(consume(wish, elsewhere).problems));
		expect(told.join("\n")).toMatchInlineSnapshot(`
			"instance group "web", job "cons": link "conn" (type "db"): deployment "other" shares no link of that type under the name "conn"; it shares "main" (type "db") of instance group "db"
			  in the manifest of other, at the job that provides it: provides: {NAME: {as: conn, shared: true}}; deploy that, then this one
			instance group "web", job "cons": link "conn" (type "db") could come from 2 providers of deployment "other": "main" (type "db") of instance group "db"; "main" (type "db") of instance group "more"
			  in its manifest, give one of them a name of its own: provides: {NAME: {as: OTHER-NAME, shared: true}}
			instance group "web", job "cons": link "conn" (type "db"): its provider, "main" (type "db") of instance group "db", is not on network "back"
			  name one that it is on: default"
		`);
	});
});

test("what the manifest says of links that the job does not have is told, all at once", () => {
	const use = jobUse(prov, {
		provides: { con: { as: "x" } },
		consumes: { cache: {} },
		customProviderDefinitions: [
			{ name: "conn", type: "t", properties: [] },
			{ name: "own", type: "t", properties: ["none"] },
		],
	});
	const { problems } = resolveLinks(scheme(), [linkGroup("a", [use])]);
	expect(problems.map(({ severity, code, message }) => `${severity} ${code}: ${message}`)).toMatchInlineSnapshot(`
		[
		  "error link-provider-twice: a: job "prov": custom_provider_definitions: "conn" is defined already",
		  "warning link-provide-unknown: a: job "prov": provides: "con" is no link of this job",
		  "error link-property-undeclared: a: job "prov": link "own" exposes "none", which jobs/prov/spec does not declare",
		  "warning link-consume-unknown: a: job "prov": consumes: "cache" is no link of this job",
		]
	`);
});

test("a link shows only what it is to expose", () => {
	const { providers } = linkProviders([linkGroup("a", [jobUse(prov, { properties: { secret: "s3cret", port: 1 } })])]);
	expect(providers[0]?.properties).toEqual({ port: 1, tls: { ca: null } });
});

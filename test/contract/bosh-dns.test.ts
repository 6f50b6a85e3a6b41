import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemRandom } from "../../src/cli/system.ts";
import type { ValueMap } from "../../src/manifest/deployment.ts";
import { linkData } from "../../src/plan/link-data.ts";
import { resolveLinks } from "../../src/plan/links.ts";
import { instanceName, instanceRecordName, linkQuery, nameOwner, queryName } from "../../src/plan/names.ts";
import { recordsJson } from "../../src/plan/names-records.ts";
import { makeVariable } from "../../src/variables/generate.ts";
import { jobUse, linkGroup, manual, placed, releaseJob, scheme } from "../support/links.ts";
import { realClock } from "../support/real-clock.ts";

/** The real bosh-dns, built by hand from its release: no part of davit. */
const program = process.env.DAVIT_BOSH_DNS ?? "";

const web = [1, 2, 3].map((host) =>
	placed("web", host - 1, { networks: { default: manual(`10.0.0.${host}`), back: manual(`10.9.0.${host}`, []) } }),
);
const db = [placed("my_db", 0, { networks: { default: manual("10.0.0.9") } })];
const serve = jobUse(releaseJob("serve", { provides: [{ name: "serve", type: "http", properties: [] }] }), {
	provides: {
		serve: {
			shared: false,
			aliases: [
				{ domain: "web.service.internal" },
				{ domain: "healthy.web.service.internal", healthFilter: "healthy" },
				{ domain: "failing.web.service.internal", healthFilter: "unhealthy" },
				{ domain: "all.web.service.internal", healthFilter: "all", initialHealthCheck: "synchronous" },
				{ domain: "_.web.service.internal", placeholderType: "uuid" },
			],
		},
	},
});
const store = jobUse(releaseJob("store", { provides: [{ name: "store", type: "sql", properties: [] }] }), {
	provides: { store: { shared: false, aliases: [{ domain: "web.service.internal" }, { domain: "db.internal" }] } },
});
const groups = [linkGroup("web", [serve], { instances: web }), linkGroup("my_db", [store], { instances: db })];
const [long, short, byLink] = [{}, { useShortDnsAddresses: true }, { useLinkDnsNames: true }].map(scheme) as [
	ReturnType<typeof scheme>,
	ReturnType<typeof scheme>,
	ReturnType<typeof scheme>,
];
const { providers } = resolveLinks(long, groups);
const ips = [...web, ...db].flatMap(({ networks }) => Object.values(networks).flatMap(({ ip }) => ip ?? []));
const ofWeb = { group: "web" };

describe.skipIf(program === "")("names in our records.json, as bosh-dns answers them", { timeout: 600_000 }, () => {
	let folder = "";
	let ask: (name: string) => Promise<string> = async () => "";
	let end = async () => {};

	beforeAll(async () => {
		folder = await mkdtemp(join(tmpdir(), "davit-bosh-dns-"));
		({ ask, end } = await startBoshDns(folder));
	}, 120_000);

	afterAll(async () => {
		await end();
		await rm(folder, { recursive: true, force: true });
	});

	test("it answers", async () => {
		const name = instanceRecordName(long, db[0] as never, "default");
		await expect.poll(() => ask(name), { timeout: 120_000, interval: 500 }).toBe("10.0.0.9");
	});

	const [first, second] = web as [(typeof web)[0], (typeof web)[0]];
	test.each([
		["an instance", instanceRecordName(long, second, "default"), "10.0.0.2"],
		["an instance on another network", instanceRecordName(long, second, "back"), "10.9.0.2"],
		["an instance, short", instanceName(short, ofWeb, second, "default"), "10.0.0.2"],
		[
			"an instance of a link",
			instanceName(byLink, nameOwner(byLink.features, "web", { name: "serve", type: "http" }), second, "back"),
			"10.9.0.2",
		],
		["a group whose name has an underscore", queryName(linkQuery(long, { group: "my_db" }, "default")), "10.0.0.9"],
		["a group, short", queryName(linkQuery(short, { group: "my_db" }, "default")), "10.0.0.9"],
		["all of a group", queryName(linkQuery(long, ofWeb, "default"), { health: "all" }), "10.0.0.1 10.0.0.2 10.0.0.3"],
		[
			"all of a group, short, on another network",
			queryName(linkQuery(short, ofWeb, "back"), { health: "all" }),
			"10.9.0.1 10.9.0.2 10.9.0.3",
		],
		[
			"all of a link",
			queryName(linkQuery(byLink, { group: "web", link: "serve-http" }, "default"), { health: "all" }),
			"10.0.0.1 10.0.0.2 10.0.0.3",
		],
		[
			"a group in one AZ",
			queryName(linkQuery(long, ofWeb, "default"), { azs: ["z1"], health: "all" }),
			"10.0.0.1 10.0.0.3",
		],
		[
			"a group in one AZ, short",
			queryName(linkQuery(short, ofWeb, "default"), { azs: ["z2"], health: "all" }),
			"10.0.0.2",
		],
		[
			"a group in both AZs",
			queryName(linkQuery(short, ofWeb, "default"), { azs: ["z1", "z2"], health: "all" }),
			"10.0.0.1 10.0.0.2 10.0.0.3",
		],
		["an index, as bosh-dns asks for itself", "q-i1.web.*.min.bosh", "10.0.0.2 10.9.0.2"],
		["a link's address", linkData(long, providers[1] as never, {}).address, "10.0.0.9"],
		[
			"a link's instance, by name",
			linkData(short, providers[0] as never, { ipAddresses: false }).instances[0]?.address ?? "",
			"10.0.0.1",
		],
		["an alias", "db.internal", "10.0.0.9"],
		["an alias with a placeholder", `${first.id}.web.service.internal`, "10.0.0.1 10.9.0.1"],
		[
			"an alias without a filter for health",
			"all.web.service.internal",
			"10.0.0.1 10.0.0.2 10.0.0.3 10.9.0.1 10.9.0.2 10.9.0.3",
		],
		["nobody", "q-s0.other.default.min.bosh", ""],
	])("%s", async (_, name, expected) => {
		expect(await ask(name)).toBe(expected);
	});

	// An instance's health is asked for once somebody asked for its name.
	test.each([
		["smart", queryName(linkQuery(long, ofWeb, "default")), "10.0.0.1 10.0.0.3"],
		["healthy", queryName(linkQuery(short, ofWeb, "default"), { health: "healthy" }), "10.0.0.1 10.0.0.3"],
		["unhealthy", queryName(linkQuery(long, ofWeb, "default"), { health: "unhealthy" }), "10.0.0.2"],
		["an alias of two groups", "web.service.internal", "10.0.0.1 10.0.0.3 10.0.0.9 10.9.0.1 10.9.0.3"],
		["an alias for the healthy", "healthy.web.service.internal", "10.0.0.1 10.0.0.3 10.9.0.1 10.9.0.3"],
		["an alias for the unhealthy", "failing.web.service.internal", "10.0.0.2 10.9.0.2"],
	])("by health: %s", async (_, name, expected) => {
		await expect.poll(() => ask(name), { timeout: 60_000, interval: 500 }).toBe(expected);
	});
});

test("bosh-dns itself", (context) => {
	if (program === "") context.skip("DAVIT_BOSH_DNS names no bosh-dns that was built");
});

async function startBoshDns(folder: string) {
	const made = await certificates();
	const at = (name: string) => join(folder, name);
	await mkdir(at("jobs"));
	for (const [name, text] of Object.entries(made)) await writeFile(at(name), text);
	await writeFile(at("records.json"), recordsJson([{ scheme: long, instances: [...web, ...db], providers }]));
	const tls = { ca_file: at("ca"), certificate_file: at("certificate"), private_key_file: at("key") };
	const config = {
		address: "169.254.0.2",
		port: 53,
		disable_recursors: true,
		recursor_selection: "smart",
		records_file: at("records.json"),
		jobs_dir: at("jobs"),
		request_timeout: "5s",
		api: { port: 53080, ...tls },
		health: {
			enabled: true,
			port: 8853,
			check_interval: "1s",
			max_tracked_queries: 100,
			synchronous_check_timeout: "5s",
			...tls,
		},
	};
	await writeFile(at("config.json"), JSON.stringify(config));
	const addresses = [config.address, ...ips].map((ip) => `ip address add ${ip}/32 dev lo`);
	const inside = `ip link set lo up && ${addresses.join(" && ")} && exec "$@"`;
	const child = join(import.meta.dirname, "../support/bosh-dns-child.ts");
	const failing = Object.values(web[1]?.networks ?? {}).map(({ ip }) => ip);
	const command = [process.execPath, child, program, at("config.json"), failing.join(), JSON.stringify(made)];
	const own = spawn(
		"unshare",
		["--user", "--map-root-user", "--net", "--kill-child", "--fork", "sh", "-c", inside, "sh", ...command],
		{
			stdio: ["pipe", "pipe", "ignore"],
		},
	);
	const lines = createInterface({ input: own.stdout })[Symbol.asyncIterator]();
	const ended = new Promise((resolve) => own.once("exit", resolve));
	return {
		ask: async (name: string): Promise<string> => {
			own.stdin.write(`${name}\n`);
			const { value, done } = await lines.next();
			if (done) throw new Error("the namespace ended");
			return value;
		},
		end: async () => {
			own.stdin.end();
			await ended;
		},
	};
}

/** One certificate that signs itself is CA, server and client: whom bosh-dns trusts with which is not what is tried here. */
async function certificates(): Promise<Record<"ca" | "certificate" | "key", string>> {
	const make = (name: string, options: ValueMap, ca?: ValueMap) =>
		makeVariable({ name, type: "certificate", options, updateMode: "converge" }, () => ca, {
			clock: realClock,
			random: systemRandom,
		}) as Promise<ValueMap>;
	const ca = await make("ca", { is_ca: true, common_name: "ca" });
	const names = ["health.bosh-dns", "api.bosh-dns"];
	const options = {
		ca: "ca",
		common_name: names[0] as string,
		alternative_names: names,
		extended_key_usage: ["server_auth", "client_auth"],
	};
	const leaf = await make("leaf", options, ca);
	return { ca: String(ca.certificate), certificate: String(leaf.certificate), key: String(leaf.private_key) };
}

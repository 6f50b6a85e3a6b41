import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse as parseYaml } from "yaml";
import type { World } from "../support/acceptance.ts";
import { notingHooks, tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

/** What the manifest asks for; each change of it is a case. */
export interface Wanted {
	readonly web: number;
	readonly diskMib: number;
	/** A cloud property of its disk type. */
	readonly diskType: number;
	/** Names of the disks of each web server, and their size. */
	readonly webDisks: readonly string[];
	readonly webDiskMib: number;
	readonly port: number;
	readonly words: number;
	readonly stemcell: number;
	/** The number of the AZ that web servers are in. */
	readonly webAz: number;
	/** New VMs are made before the old ones go. */
	readonly swaps: boolean;
	/** Web servers were stopped; the database was, with its VM. */
	readonly webStopped: boolean;
	readonly dbDetached: boolean;
}

export const FIRST: Wanted = {
	web: 1,
	diskMib: 64,
	diskType: 1,
	webDisks: ["spool", "cache"],
	webDiskMib: 64,
	port: 1,
	words: 1,
	stemcell: 1,
	webAz: 1,
	swaps: false,
	webStopped: false,
	dbDetached: false,
};

const LOCAL_CLOUD = join(import.meta.dirname, "../../manifests/cloud/local.yml");
const TLS = [
	{ name: "ca", type: "certificate", options: { is_ca: true, common_name: "ca" } },
	{ name: "tls", type: "certificate", options: { ca: "ca", common_name: "app" } },
];

/** So large that VMs get the package from each other. */
const FILLER = 'head -c 1500000 /dev/urandom >"$BOSH_INSTALL_TARGET/filler"';

/**
 * Writes release and manifest of a platform: web servers whose package compiles, a database with a disk, and an errand on a VM of its own.
 * Without certificates it takes no seconds of real time to make them.
 */
export function writePlatform(
	world: Pick<World, "write" | "folder">,
	{ web, webAz, diskMib, diskType, webDisks, webDiskMib, port, words, stemcell, swaps }: Wanted,
	{ certificates = true } = {},
): void {
	writeTinyRelease(world, "release", {
		jobs: {
			app: {
				properties: { port: {}, password: {}, tls: {} },
				templates: {
					"config/app": "<%= p('port') %> <%= p('password') %> <%= p('tls.certificate', '') %>\n",
				},
				hooks: notingHooks(["pre-start", "post-start", "post-deploy", "drain"]),
				packages: ["words"],
				provides: [{ name: "app", type: "app" }],
				consumes: [{ name: "others", type: "app" }],
			},
			smoke: { process: false, hooks: { run: "echo smoke" } },
		},
		packages: { words: `echo ${words} >"$BOSH_INSTALL_TARGET/words"\n${FILLER}` },
	});
	const properties = { port, password: "((password))", ...(certificates ? { tls: "((tls))" } : {}) };
	// Each group knows the other by name.
	const jobs = (own: string, others: string) => [
		{
			...{ name: "app", release: "tiny", properties },
			provides: { app: { as: own } },
			consumes: { others: { from: others } },
		},
	];
	const groups = [
		tinyGroup("db", jobs("db", "web"), { persistent_disk_type: "data" }),
		tinyGroup("web", jobs("web", "db"), {
			instances: web,
			azs: [`z${webAz}`],
			persistent_disks: webDisks.map((name) => ({ name, type: "web" })),
		}),
		tinyGroup("smoke-tests", "smoke", { lifecycle: "errand" }),
	];
	const types = [
		{ name: "data", disk_size: diskMib, cloud_properties: { type: diskType } },
		{ name: "web", disk_size: webDiskMib },
	];
	const cloud: Record<string, unknown> = parseYaml(readFileSync(LOCAL_CLOUD, "utf8"));
	world.write("cloud.yml", JSON.stringify({ ...cloud, disk_types: types }));
	world.write(
		"tiny.yml",
		tinyManifest(groups, {
			stemcells: [{ alias: "default", os: "local", version: String(stemcell) }],
			features: { use_dns_addresses: true },
			update: {
				...{ canaries: 1, max_in_flight: 2, canary_watch_time: "100-30000", update_watch_time: "100-30000" },
				vm_strategy: swaps ? "create-swap-delete" : "delete-create",
			},
			variables: [{ name: "password", type: "password" }, ...(certificates ? TLS : [])],
		}),
	);
}

import type { World } from "./acceptance.ts";
import { tinyGroup, tinyManifest, writeTinyRelease } from "./tiny-release.ts";

/** Where {@link writeIpv6Inputs} puts its instances: `web` has an IPv6 address only, `both` one of each family. */
export const PLACED = {
	"web/0": ["fd00:216::a"],
	"web/1": ["fd00:216::c"],
	"both/0": ["10.216.0.10", "fd00:216::20"],
} as const;

/** What a job of each instance knows of addresses: its own, those of its link, its prefix and netmask. */
export const KNOWN = "fd00:216::a fd00:216::a,fd00:216::c 64 ffff:ffff:ffff:ffff:: fd00:216::1";

const known = `<%= spec.ip %> <%= link("web").instances.map(&:address).join(",") %> <%
six = spec.networks.six %><%= six.prefix %> <%= six.netmask %> <%= six.gateway %>`;

/** Networks of a cloud file, JSON as YAML: addresses in every spelling that IPv6 has. */
export function ipv6Networks(cloudProperties: object): string {
	const azs = ["z1", "z2", "z3"];
	const six = {
		range: "fd00:216:0:0::/64",
		gateway: "fd00:216::0001",
		reserved: ["fd00:216::2-fd00:216:0::9", "FD00:216::B"],
		static: ["fd00:216::20 - fd00:216::2f"],
		azs,
		cloud_properties: cloudProperties,
	};
	const four = {
		range: "10.216.0.0/24",
		gateway: "10.216.0.1",
		reserved: ["10.216.0.2-10.216.0.9"],
		azs,
		cloud_properties: cloudProperties,
	};
	return `networks: ${JSON.stringify([
		{ name: "six", type: "manual", subnets: [six] },
		{ name: "four", type: "manual", subnets: [four] },
	])}\n`;
}

/** The file tiny.yml and its release. `more` goes over the manifest. */
export function writeIpv6Inputs(world: World, more: Readonly<Record<string, unknown>> = {}): void {
	const job = {
		provides: [{ name: "web", type: "web" }],
		consumes: [{ name: "web", type: "web" }],
		templates: { "config/known": known },
	};
	writeTinyRelease(world, "release", { jobs: { app: job } });
	const jobs = (as: string) => [
		{ name: "app", release: "tiny", provides: { web: { as } }, consumes: { web: { from: "web" } } },
	];
	const networks = [
		{ name: "four", default: ["dns", "gateway"] },
		{ name: "six", static_ips: ["fd00:216:0:0:0:0:0:0020"] },
	];
	const groups = [
		tinyGroup("web", jobs("web"), { instances: 2, networks: [{ name: "six" }] }),
		tinyGroup("both", jobs("both"), { networks }),
	];
	world.write("tiny.yml", tinyManifest(groups, more));
}

/** Addresses by instance, as `davit vms` tells them. */
export async function addresses(world: World): Promise<Readonly<Record<string, readonly string[]>>> {
	const { events } = await world.told(["vms"]);
	const rows = events.flatMap((event) => (event.type === "table" ? event.rows : []));
	return Object.fromEntries(rows.map(({ instance, ips }) => [instance, String(ips).split(/[,\s]+/)]));
}

import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import type { World } from "../support/acceptance.ts";
import { type TinyJob, writeTinyRelease } from "../support/tiny-release.ts";
import { type BadInput, group, manifest } from "./bad-input-manifests.ts";

const monit = (name: string, more = "") => `check process ${name}
  with pidfile /var/vcap/sys/run/${name}/${name}.pid
  start program "/var/vcap/jobs/${name}/bin/ctl start"
  stop program "/var/vcap/jobs/${name}/bin/ctl stop"
  group vcap
${more}`;

const jobs: Readonly<Record<string, TinyJob>> = {
	app: { properties: { greeting: {} }, templates: { "config/greeting": "<%= p('greeting') %>\n" } },
	filter: {
		properties: { "filters.list": {}, "filters.mode": {} },
		templates: {
			"config/list": "# one\n# two\n# three\n<%= p('filters.list') %>\n",
			"config/mode": "<%= p('filters.mode') %>\n",
		},
	},
	pool: {
		properties: { size: { default: 0 } },
		templates: { "config/pool": "# size\n<% raise 'size must be at least 1' if p('size') < 1 %>\n" },
	},
	broken: { templates: { "config/broken": "a\n<%= [1, 2 %>\n" } },
};

/** A release folder in which one job is sound and each other is wrong in its own way. */
export function writeReleaseOfJobs(world: World): void {
	writeTinyRelease(world, "release", { jobs });
	const add = (name: string, text: string) => {
		world.write(`release/jobs/${name}/spec`, `name: ${name}\ntemplates: {}\n`);
		world.write(`release/jobs/${name}/monit`, text);
	};
	add("mailer", monit("mailer", '  if failed port 25 send "HELO" expect "250" then alert\n'));
	add("waiter", monit("waiter", "  depends on databse\n"));
	add("ring", `${monit("first", "  depends on second\n")}${monit("second", "  depends on first\n")}`);
}

/** A release tarball with one job. */
async function tarball(change: { readonly digest?: string; readonly more?: string } = {}): Promise<Buffer> {
	const job = gzipSync(await tar({ "job.MF": "name: app\ntemplates: {}\n", monit: monit("app"), noise: noise() }));
	const digest = change.digest ?? `sha256:${createHash("sha256").update(job).digest("hex")}`;
	const fingerprint = "5f".repeat(32);
	const release = `name: tiny
version: "1"
commit_hash: 0123abc
uncommitted_changes: false
jobs:
- {name: app, version: ${fingerprint}, fingerprint: ${fingerprint}, sha1: ${JSON.stringify(digest)}}
packages: []
`;
	return gzipSync(
		await tar({ "release.MF": release, "jobs/app.tgz": job, ...(change.more ? { [change.more]: "x" } : {}) }),
	);
}

/** What compresses badly, so that half of an archive ends inside it; the same each time. */
function noise(): string {
	const hash = (text: string) => createHash("sha256").update(text).digest("hex");
	return Array.from({ length: 300 }, (_, index) => hash(String(index))).join("\n");
}

async function tar(files: Readonly<Record<string, string | Buffer>>): Promise<Buffer> {
	const archive = pack();
	for (const [name, content] of Object.entries(files)) archive.entry({ name, mtime: new Date(0) }, content);
	archive.finalize();
	return buffer(archive);
}

const fromTarball = (name: string, bytes: () => Promise<Buffer> | Buffer, checksum = ""): BadInput => ({
	name,
	write: async (world) => {
		writeFileSync(join(world.folder, "tiny-1.tgz"), await bytes());
		const text = manifest([group({ inJob: [] })])
			.replace("version: create", 'version: "1"')
			.replace("./release\n", `./tiny-1.tgz\n${checksum}`);
		world.write("bad.yml", text);
	},
});

const ofJobs = (name: string, ...groups: Parameters<typeof group>): BadInput => ({
	name,
	write: (world) => void world.write("bad.yml", manifest(groups.map((each) => group(each)))),
});

const wrong = "b1946ac92492d2347c6235b4d2611184aa32d0e5";

/** Each item of a release that is wrong in itself, or doesn't fit what the manifest says of it. */
export const badReleases: readonly BadInput[] = [
	ofJobs("properties without a value", { job: "filter", inJob: ["properties:", "  filters: {mod: fast}"] }),
	ofJobs("a template that raises", { job: "pool", inJob: [] }),
	ofJobs("a template that is no Ruby", { job: "broken", inJob: [] }),
	ofJobs("a monit check that can't be supervised", { job: "mailer", inJob: [] }),
	ofJobs("a monit check that depends on nothing", { job: "waiter", inJob: [] }),
	ofJobs("monit checks that depend on each other", { job: "ring", inJob: [] }),
	fromTarball("a release tarball that is cut short", async () => {
		const bytes = await tarball();
		return bytes.subarray(0, bytes.length / 2);
	}),
	fromTarball("a release tarball that is none", () => Buffer.from("<html>404 Not Found</html>\n".repeat(100))),
	fromTarball("a release tarball with a wrong checksum", tarball, `  sha1: ${wrong}\n`),
	fromTarball("a release tarball with a wrong checksum inside", () => tarball({ digest: wrong })),
	fromTarball("a release tarball with a path that leads out of it", () => tarball({ more: "../../etc/cron.d/davit" })),
];

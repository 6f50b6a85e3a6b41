import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { readFolder } from "../../../src/release/read-folder.ts";
import { unarchive } from "../../../src/release/unarchive.ts";
import { bytesOf, type Content, problemsOf, releaseTree, tiny } from "./trees.ts";

const read = (content: Readonly<Record<string, Content>>, more = {}) => readFolder(releaseTree(content, more));

async function membersOf(body: Readable): Promise<string[]> {
	const members: string[] = [];
	await unarchive(body, "x", async ({ path }) => void members.push(path));
	return members;
}

describe("readFolder", () => {
	test("fingerprints are those of BOSH", async () => {
		const folder = await read({
			...tiny,
			LICENSE: "Apache\n",
			NOTICE: "thanks\n",
			"packages/deps/spec": "name: deps\ndependencies: [zlib, empty]\nfiles: ['lib/**/*']\n",
			"packages/deps/packaging": { executable: "set -e\n" },
			"packages/zlib/spec": "name: zlib\n",
			"packages/zlib/packaging": "make\n",
			"src/lib/run.sh": { executable: "go\n" },
			"src/lib/link": { link: "../a.txt" },
			"src/a.txt": "a\n",
		});
		// Computed with sha256sum over `v2`, then name, sha256: digest and mode of each file, then the dependencies.
		expect(folder.jobs.map(({ fingerprint }) => fingerprint)).toEqual([
			"7693dd3a3aed189a516e327acf58770116790c58ddea399d905aaa0a44516bda",
		]);
		expect(folder.packages.map(({ name, fingerprint }) => [name, fingerprint]).slice(0, 2)).toEqual([
			["deps", "3d02bf5a6bf260ddcc35c7fd18d24666d2586a44cd5c56b5f0621458ea5e3b42"],
			["empty", "34581dd0d93735e444a32450e3ae3951258c936479b45e08f1fa074740c7e392"],
		]);
		expect(folder.license?.fingerprint).toBe("989d7174a039a3c0f92714f493fc58fe1c31a822f4f864073859d251cae7020b");
	});

	test("a job's texts, properties and links are as its spec says", async () => {
		const { jobs } = await read({
			...tiny,
			"jobs/app/spec": [
				"name: app",
				"description: serves",
				"templates: {ctl.erb: bin/ctl, run.erb: bin/run, extra.monit.erb: extra.monit}",
				"packages: [empty]",
				"provides: [{name: conn, type: db, properties: [port]}]",
				"consumes: [{name: peers, type: db, optional: true}]",
				"properties:",
				"  port: {description: where, default: 010}",
				"  name: {description: who}",
				"  list: {default: [y, 1_000]}",
			].join("\n"),
			"jobs/app/templates/run.erb": "run",
			"jobs/app/templates/extra.monit.erb": "check file x",
			"jobs/app/properties_schema.json": "{}",
		});
		expect(jobs[0]).toMatchObject({
			name: "app",
			release: "tiny",
			specFile: "jobs/app/spec",
			description: "serves",
			packages: ["empty"],
			monit: "check process app with pidfile /var/vcap/sys/run/app/pid\n",
			extraMonit: { "extra.monit": "check file x" },
			provides: [{ name: "conn", type: "db", properties: ["port"] }],
			consumes: [{ name: "peers", type: "db", optional: true }],
			errand: true,
			propertiesSchema: "{}",
		});
		expect([...(jobs[0]?.properties ?? [])]).toEqual([
			["port", { description: "where", default: 8 }],
			["name", { description: "who" }],
			["list", { description: "", default: [true, 1000] }],
		]);
	});

	test("an old-style release has no packages, no defaults, an empty monit and a final_name", async () => {
		const folder = await read({
			"config/final.yml": "---\nfinal_name: paasta-conf\n",
			"jobs/conf/spec":
				"---\nname: conf\ntemplates:\n  pre-start.erb: bin/pre-start\npackages:\nproperties:\n  conf.user:\n    description: a user\n",
			"jobs/conf/monit": "",
			"jobs/conf/templates/pre-start.erb": "<%= properties.conf.user %>",
		});
		expect(folder.name).toBe("paasta-conf");
		expect(folder.jobs).toMatchObject([{ monit: "", packages: [], errand: false }]);
		expect(folder.packages).toEqual([]);
	});

	test("a template that is a symlink to nothing is told", async () => {
		const linked = { ...tiny, "jobs/app/templates/ctl.erb": { link: "../../../src/ctl.erb" } };
		expect(await problemsOf(read(linked))).toEqual([
			"dangling-link: /releases/tiny: jobs/app/templates/ctl.erb is a symlink to ../../../src/ctl.erb, and there is no file",
		]);
	});

	test("whoever opens a folder may name it, where config/final.yml is kept out of git", async () => {
		const { "config/final.yml": _, ...nameless } = tiny;
		const folder = await readFolder(releaseTree(nameless), "portal");
		expect([folder.name, folder.jobs[0]?.release]).toEqual(["portal", "portal"]);
		expect(await problemsOf(read(nameless))).toEqual([
			"not-a-release: /releases/tiny is no release folder: config/final.yml is missing",
		]);
		expect(await problemsOf(readFolder(releaseTree({ "manifest.yml": "" }), "portal"))).toEqual([
			"not-a-release: /releases/tiny is no release folder: config/final.yml is missing",
		]);
	});

	test("a template in another encoding is read, with a warning", async () => {
		const files = releaseTree(tiny);
		const eucKr = Buffer.concat([Buffer.from("# "), Buffer.from([0xc7, 0xd1]), Buffer.from("\n")]);
		const folder = await readFolder({
			...files,
			read: async (path) => (path.endsWith("ctl.erb") ? eucKr : files.read(path)),
		});
		expect(folder.warnings.map(({ message }) => message)).toEqual([
			"jobs/app/templates/ctl.erb is no UTF-8 text: letters beyond ASCII will come out wrong",
		]);
	});

	test("a package holds its script and the files of src and blobs that its spec names", async () => {
		const folder = await read({
			...tiny,
			"packages/empty/spec": "name: empty\nfiles: ['lib/**/*', nginx/*.tgz]\nexcluded_files: ['**/*.md']\n",
			"src/lib/a.c": "from src",
			"src/lib/README.md": "no",
			"blobs/lib/a.c": "from blobs",
			"blobs/nginx/nginx-1.tgz": "blob",
		});
		const [item] = folder.packages;
		const contents: Record<string, string> = {};
		await unarchive(await (item?.open() ?? Promise.reject()), "x", async ({ path }, body) => {
			contents[path] = (await bytesOf(Readable.from(body))).toString();
		});
		expect(contents).toEqual({ packaging: "set -e\n", "lib/a.c": "from src", "nginx/nginx-1.tgz": "blob" });
	});

	test("pre_packaging runs before the archive is made and is left out of it", async () => {
		const removed: string[] = [];
		const staged = releaseTree({ packaging: "set -e\n", pre_packaging: "make\n", generated: "by it" });
		const folder = await read(
			{ ...tiny, "packages/empty/pre_packaging": "make\n" },
			{
				prePackage: async (_members: unknown, script: string, owner: string) => {
					expect([script, owner]).toEqual(["pre_packaging", "package empty"]);
					return { ...staged, remove: async () => void removed.push("staged") };
				},
			},
		);
		const body = await (folder.packages[0]?.open() ?? Promise.reject());
		expect(await membersOf(body)).toEqual(["generated", "packaging"]);
		expect(removed).toEqual(["staged"]);
	});

	describe("vendored packages", () => {
		const blob = "the archive";
		const sha1 = createHash("sha1").update(blob).digest("hex");
		// All digits and an e: YAML would read it as a number.
		const printed = "1234567890123456789012345678901234567e12";
		const vendored = (store: string, digest = sha1): Record<string, Content> => ({
			...tiny,
			"config/final.yml": `name: tiny\nblobstore:\n  provider: ${store}\n  options: {blobstore_path: /final, bucket_name: bk}\n`,
			"packages/empty/spec.lock": `name: empty\nfingerprint: ${printed}\n`,
			".final_builds/packages/empty/index.yml": `builds:\n  ${printed}:\n    version: ${printed}\n    sha1: ${digest}\n    blobstore_id: b1\nformat-version: "2"\n`,
		});
		const local = {
			openLocalBlob: async (folder: string, id: string) => {
				expect([folder, id]).toEqual(["/final", "b1"]);
				return { url: "file:///final/b1", body: Readable.from([Buffer.from(blob)]) };
			},
		};

		test("come from the local blob store, by the index", async () => {
			const [item] = (await read(vendored("local"), local)).packages;
			expect(item).toMatchObject({ name: "empty", fingerprint: printed, form: "source" });
			expect((await bytesOf(await (item?.open() ?? Promise.reject()))).toString()).toBe(blob);
		});

		test("whose blob differs from the index are named with blob, both digests and URL", async () => {
			const [item] = (await read(vendored("local", "0".repeat(40)), local)).packages;
			expect(await problemsOf((item?.open() ?? Promise.reject()).then(bytesOf))).toEqual([
				`checksum-mismatch: package empty: the blob b1 (file:///final/b1) has the checksum sha1:${sha1}, .final_builds says sha1:${"0".repeat(40)}`,
			]);
		});

		test("in another blob store are refused by name", async () => {
			const [item] = (await read(vendored("s3"))).packages;
			expect(await problemsOf(item?.open() ?? Promise.reject())).toEqual([
				"blobstore-unsupported: package empty: config/final.yml of /releases/tiny names a blob store of the kind s3 (bucket bk); davit reads final blobs from a local one only",
			]);
		});

		test("that the index lacks are named", async () => {
			const { ".final_builds/packages/empty/index.yml": _, ...rest } = vendored("local");
			expect(await problemsOf(read(rest))).toEqual([
				`no-final-build: /releases/tiny: package empty: .final_builds/packages/empty/index.yml has no build with the fingerprint ${printed}`,
			]);
		});
	});

	test.each<[what: string, content: Readonly<Record<string, Content | undefined>>, problems: readonly string[]]>([
		[
			"no final.yml",
			{ "config/final.yml": undefined },
			["not-a-release: /releases/tiny is no release folder: config/final.yml is missing"],
		],
		[
			"no name",
			{ "config/final.yml": "{}" },
			["no-release-name: /releases/tiny: config/final.yml gives the release no name"],
		],
		["a job without spec", { "jobs/app/spec": undefined }, ["no-job-spec: /releases/tiny: jobs/app/spec is missing"]],
		[
			"a job under another name",
			{ "jobs/app/spec": "name: web\n" },
			["job-name-mismatch: /releases/tiny: jobs/app/spec calls the job web, where it stands it is app"],
		],
		[
			"a template that isn't there, and one that escapes",
			{ "jobs/app/spec": "name: app\ntemplates: {gone.erb: bin/gone, ctl.erb: ../../../etc/cron.d/x}\n" },
			[
				"no-template: /releases/tiny: jobs/app/spec names the template gone.erb, but jobs/app/templates/gone.erb is missing",
				"path-escapes: /releases/tiny: jobs/app/spec: the template destination ../../../etc/cron.d/x lies outside the job's folder",
			],
		],
		[
			"a spec of another shape",
			{
				"jobs/app/spec":
					"name: app\ntemplates: [ctl.erb]\npackages: empty\nprovides: [{name: x}]\nproperties: {port: 80}\n",
			},
			[
				"bad-job-spec: /releases/tiny: jobs/app/spec: templates must be a map",
				"bad-job-spec: /releases/tiny: jobs/app/spec: packages must be a list",
				"bad-job-spec: /releases/tiny: jobs/app/spec: provides/0 needs a name and a type",
				"bad-job-spec: /releases/tiny: jobs/app/spec: properties/port must be a map",
			],
		],
		[
			"unknown packages",
			{
				"jobs/app/spec": "name: app\npackages: [emtpy]\n",
				"packages/empty/spec": "name: empty\ndependencies: [zlib]\n",
			},
			[
				"no-package: /releases/tiny: release tiny: job app needs the package emtpy, which the release lacks",
				"no-package: /releases/tiny: release tiny: package empty needs the package zlib, which the release lacks",
			],
		],
		[
			"no packaging script, and files that nothing matches",
			{ "packages/empty/packaging": undefined, "packages/empty/spec": "name: empty\nfiles: [lib/*, 'a{b']\n" },
			[
				"no-files: /releases/tiny: packages/empty/spec: no file in src or blobs matches lib/*",
				"bad-pattern: /releases/tiny: packages/empty/spec: the pattern a{b is broken",
				"no-packaging: /releases/tiny: package empty has no packages/empty/packaging script",
			],
		],
		[
			"two broken YAML files",
			{ "packages/empty/spec": "name: [", "jobs/app/spec": "name: [" },
			[
				expect.stringMatching(/^bad-yaml: \/releases\/tiny: packages\/empty\/spec:1:8: /) as unknown as string,
				expect.stringContaining("/releases/tiny: ") as unknown as string,
			],
		],
	])("%s", async (_what, changes, problems) => {
		const content = Object.entries({ ...tiny, ...changes }).filter(([, value]) => value !== undefined);
		expect(await problemsOf(read(Object.fromEntries(content) as Record<string, Content>))).toEqual(problems);
	});

	test("a blob that could not be got is named where a package needs it", async () => {
		const content = { ...tiny, "packages/empty/spec": "name: empty\nfiles: [nginx/*.tgz]\n" };
		const absentBlobs = [
			{ path: "nginx/nginx-1.tgz", why: "lies in a blob store of the kind gcs, which davit doesn't read" },
		];
		expect(await problemsOf(read(content, { absentBlobs }))).toEqual([
			"no-blob: /releases/tiny: packages/empty/spec needs nginx/*.tgz: the blob nginx/nginx-1.tgz lies in a blob store of the kind gcs, which davit doesn't read",
		]);
	});
});

import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { type CreateReleaseOptions, createRelease } from "../../../src/release/create-release.ts";
import { releaseFromIndex } from "../../../src/release/from-index.ts";
import { indexTarball } from "../../../src/release/tarball.ts";
import { unarchive } from "../../../src/release/unarchive.ts";
import { bytesOf, type Content, memoryStore, problemsOf, releaseTree, tiny } from "./trees.ts";

const files: Readonly<Record<string, Content>> = {
	...tiny,
	LICENSE: "Apache\n",
	"jobs/app/templates/ctl.erb": { executable: "#!/bin/bash\n" },
};

const create = (content: Readonly<Record<string, Content>> = files, options: Partial<CreateReleaseOptions> = {}) =>
	createRelease(releaseTree(content), { version: "1", force: false, git: undefined, ...options }, memoryStore());

async function textsOf(tarball: Readable): Promise<Map<string, Buffer>> {
	const texts = new Map<string, Buffer>();
	await unarchive(tarball, "t", async ({ path }, body) => {
		texts.set(path, await bytesOf(Readable.from(body)));
	});
	return texts;
}

describe("createRelease", () => {
	test("makes the same bytes twice", async () => {
		const bytes = async () => bytesOf((await create()).tarball());
		expect((await bytes()).equals(await bytes())).toBe(true);
	});

	test("takes a name that is given, with and without config/final.yml", async () => {
		const { "config/final.yml": _, ...nameless } = files;
		for (const content of [files, nameless])
			expect((await create(content, { name: "portal" })).manifest.name).toBe("portal");
	});

	test("puts archives with the digests of release.MF beside the licence", async () => {
		const created = await create();
		const texts = await textsOf(created.tarball());
		expect([...texts.keys()]).toEqual(["LICENSE", "jobs/app.tgz", "license.tgz", "packages/empty.tgz", "release.MF"]);
		const digest = (path: string) =>
			`sha256:${createHash("sha256")
				.update(texts.get(path) ?? "")
				.digest("hex")}`;
		expect(created.manifest).toMatchObject({
			name: "tiny",
			version: "1",
			commitHash: "non-git",
			jobs: [{ name: "app", sha1: digest("jobs/app.tgz"), packages: ["empty"] }],
			packages: [{ name: "empty", sha1: digest("packages/empty.tgz"), dependencies: [] }],
			license: { sha1: digest("license.tgz") },
		});
		expect([...(await textsOf(Readable.from([texts.get("jobs/app.tgz")]))).keys()]).toEqual([
			"job.MF",
			"monit",
			"templates/ctl.erb",
		]);
	});

	test("makes a tarball that reads back as the folder", async () => {
		const store = memoryStore();
		const created = await create();
		const read = releaseFromIndex(await indexTarball(created.tarball(), "t", store), store);
		expect(read.version).toBe("1");
		expect([...read.jobs.values()].map(({ fingerprint }) => fingerprint)).toEqual(
			created.manifest.jobs.map(({ fingerprint }) => fingerprint),
		);
		expect(read.packages.get("empty")?.fingerprint).toBe(created.manifest.packages[0]?.fingerprint);
	});

	test("without a version takes one that changes with the content only", async () => {
		const version = async (content: Readonly<Record<string, Content>>) =>
			(await createRelease(releaseTree(content), { force: false, git: undefined }, memoryStore())).manifest.version;
		const first = await version(files);
		expect(first).toMatch(/^0\+dev\.[0-9a-f]{12}$/);
		expect(await version({ ...files, "README.md": "read me" })).toBe(first);
		expect(await version({ ...files, "jobs/app/monit": "" })).not.toBe(first);
		const index = "builds:\n  a: {version: 9}\n  b: {version: 10}\n  c: {version: 9.5}\n";
		expect(await version({ ...files, "releases/tiny/index.yml": index })).toBe(first.replace("0+", "10+"));
	});

	test("refuses uncommitted changes unless forced, and then says so in release.MF", async () => {
		const git = { commit: "abc1234", changes: [" M jobs/app/spec", "?? src/new"] };
		expect(await problemsOf(create(files, { git }))).toEqual([
			"uncommitted-changes: /releases/tiny has changes that git doesn't have:\n M jobs/app/spec\n?? src/new",
		]);
		await expect(create(files, { git })).rejects.toMatchObject({ exitCode: 4 });
		expect((await create(files, { git, force: true })).manifest).toMatchObject({
			commitHash: "abc1234",
			uncommittedChanges: true,
		});
	});
});

import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openReleaseFolder } from "../../../src/blobs/release-folder.ts";
import { readSourceTree } from "../../../src/release/package-members.ts";
import { readFolder } from "../../../src/release/read-folder.ts";
import { problemsOf, tiny } from "../release/trees.ts";

let top: string;
let folder: string;

beforeEach(async () => {
	top = await mkdtemp(join(tmpdir(), "davit-folder-"));
	folder = join(top, "tiny-release");
	for (const [path, text] of Object.entries(tiny)) await put(path, String(text));
	await put("packages/empty/spec", "name: empty\nfiles: ['node/*.tgz']\n");
});
afterEach(() => rm(top, { recursive: true }));

async function put(path: string, text: string): Promise<void> {
	await mkdir(dirname(join(folder, path)), { recursive: true });
	await writeFile(join(folder, path), text);
}

/** An npm blob as the cache holds it once it was fetched; the answer is its integrity. */
async function cachedBlob(fill: number): Promise<string> {
	const digest = Buffer.alloc(64, fill);
	await mkdir(join(top, "cache", "npm"), { recursive: true });
	await writeFile(join(top, "cache", "npm", `${digest.toString("hex")}.tgz`), `blob ${fill}`);
	return `sha512-${digest.toString("base64")}`;
}

const open = (arch: "x64" | "arm64" = "x64") =>
	openReleaseFolder(folder, { cacheFolder: join(top, "cache"), arch, signal: new AbortController().signal });

describe("a release folder's blobs", () => {
	test.each(["x64", "arm64"] as const)(
		"of npm packages are those for %s, and the folder stays as it is",
		async (arch) => {
			const [one, other] = [await cachedBlob(1), await cachedBlob(2)];
			await put(
				"config/blobs.yml",
				`node/node-x64.tgz: {npm: node@1.0.0, integrity: ${one}, arch: x64}\nnode/node-arm64.tgz: {npm: node@1.0.0, integrity: ${other}, arch: arm64}\n`,
			);
			const before = await readdir(folder, { recursive: true });
			const files = await open(arch);
			expect(await files.list("")).toContain("blobs");
			expect(await files.list("blobs/node")).toEqual([`node-${arch}.tgz`]);
			expect((await files.read(`blobs/node/node-${arch}.tgz`)).toString()).toBe(arch === "x64" ? "blob 1" : "blob 2");
			expect((await readFolder(files)).packages).toHaveLength(1);
			expect(await readdir(folder, { recursive: true })).toEqual(before);
		},
	);

	test("in blobs/ are taken before any other", async () => {
		await put("config/blobs.yml", `node/node.tgz: {npm: gone@1.0.0, integrity: "sha512-${"A".repeat(86)}=="}\n`);
		await put("blobs/node/node.tgz", "by hand");
		expect((await (await open()).read("blobs/node/node.tgz")).toString()).toBe("by hand");
	});

	test("of a local blob store are found by their id", async () => {
		await put("config/final.yml", "name: tiny\nblobstore: {provider: local, options: {blobstore_path: ../store}}\n");
		await put("config/blobs.yml", "node/node.tgz: {size: 4, object_id: 1-2, sha: abc}\n");
		await mkdir(join(top, "store"));
		await writeFile(join(top, "store", "1-2"), "from store");
		expect((await (await open()).read("blobs/node/node.tgz")).toString()).toBe("from store");
	});

	test.each([
		["s3", "lies in a blob store of the kind s3, which davit doesn't read"],
		["local", "is missing in the local blob store (TOP/store/1-2)"],
	])("that a %s blob store keeps from us are named where they are needed", async (provider, why) => {
		await put(
			"config/final.yml",
			`name: tiny\nblobstore: {provider: ${provider}, options: {blobstore_path: ../store}}\n`,
		);
		await put("config/blobs.yml", "node/node.tgz: {size: 4, object_id: 1-2, sha: abc}\n");
		const problems = await problemsOf(open().then(readFolder));
		expect(problems.map((text) => text.replaceAll(top, "TOP"))).toEqual([
			`no-blob: TOP/tiny-release: packages/empty/spec needs node/*.tgz: the blob node/node.tgz ${why}`,
		]);
	});

	test("that are named wrongly are all told at once", async () => {
		await put(
			"config/blobs.yml",
			"../evil: {npm: node@1.0.0, integrity: sha512-x}\na.tgz: {npm: node@latest, integrity: x}\nb.tgz: {object_id: 1, arch: amd64}\n",
		);
		const problems = await problemsOf(open());
		expect(problems.map((text) => text.replaceAll(top, "TOP"))).toEqual([
			"bad-blob: TOP/tiny-release/config/blobs.yml: ../evil lies outside blobs/",
			"bad-blob: TOP/tiny-release/config/blobs.yml: ../evil: an npm blob needs integrity: sha512-..., as npm's lock files have it",
			"bad-blob: TOP/tiny-release/config/blobs.yml: a.tgz: npm must be a package with its exact version, such as left-pad@1.3.0, not node@latest",
			"bad-blob: TOP/tiny-release/config/blobs.yml: a.tgz: an npm blob needs integrity: sha512-..., as npm's lock files have it",
			"bad-blob: TOP/tiny-release/config/blobs.yml: b.tgz: arch must be x64 or arm64, not amd64",
		]);
	});
});

test("files behind a symlinked folder belong to no package, the link itself does", async () => {
	await put("src/node/real/a.tgz", "a");
	await symlink("real", join(folder, "src/node/alias.tgz"));
	const { members } = await readSourceTree(await open());
	expect([...members.values()].map(({ path, kind }) => `${path} ${kind}`)).toEqual([
		"node/alias.tgz symlink",
		"node/real/a.tgz file",
	]);
});

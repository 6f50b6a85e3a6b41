import { createHash } from "node:crypto";
import { appendFile, chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openFolderStore } from "../../../src/blobs/folder.ts";
import { releaseSources } from "../../../src/blobs/release-sources.ts";
import { writeRelease } from "../../../src/blobs/write-release.ts";
import { systemRandom } from "../../../src/cli/system.ts";
import type { ReleaseRef } from "../../../src/manifest/deployment.ts";
import { openRelease } from "../../../src/release/open-release.ts";
import { unarchive } from "../../../src/release/unarchive.ts";
import { realClock } from "../../support/real-clock.ts";
import { bytesOf, problemsOf, tiny } from "./trees.ts";

let top: string;
let folder: string;
let tarball: string;
const servers: Server[] = [];

beforeEach(async () => {
	top = await mkdtemp(join(tmpdir(), "davit-open-"));
	folder = join(top, "tiny-release");
	for (const [path, text] of Object.entries(tiny)) await put(path, String(text));
	tarball = join(top, "tiny-49.tgz");
	await create(tarball);
});

afterEach(async () => {
	for (const server of servers.splice(0)) {
		server.closeAllConnections();
		await new Promise((resolve) => server.close(resolve));
	}
	await rm(top, { recursive: true });
});

async function put(path: string, text: string): Promise<void> {
	await mkdir(dirname(join(folder, path)), { recursive: true });
	await writeFile(join(folder, path), text);
}

const store = () => openFolderStore({ folder: join(top, "blobs"), clock: realClock, random: systemRandom });

async function create(target: string, version = "49"): Promise<string | undefined> {
	const signal = new AbortController().signal;
	const options = { cacheFolder: join(top, "cache"), arch: "x64" as const, signal, force: true };
	return (await writeRelease(folder, { ...options, version, tarball: target, store: await store() })).tarball;
}

async function open(ref: Partial<ReleaseRef>) {
	const sources = releaseSources({
		cacheFolder: join(top, "cache"),
		blobs: await store(),
		arch: "x64",
		clock: realClock,
		signal: new AbortController().signal,
	});
	return openRelease({ name: "tiny", version: "49", ...ref }, sources);
}

async function failure(ref: Partial<ReleaseRef>): Promise<string[]> {
	return (await problemsOf(open(ref))).map((text) => text.replaceAll(top, "TOP"));
}

/** Serves the tarball under any path; tells how often. */
async function serve(): Promise<{ readonly url: string; readonly requests: string[] }> {
	const requests: string[] = [];
	const server = createServer(async (request, response) => {
		requests.push(request.url ?? "");
		response.end(await readFile(tarball));
	});
	servers.push(server);
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

const hex = async (algorithm: string) =>
	createHash(algorithm)
		.update(await readFile(tarball))
		.digest("hex");

describe("openRelease", () => {
	test("the same content comes from a folder, a tarball, a file URL and http", async () => {
		const { url } = await serve();
		const refs = [
			{ url: folder },
			{ url: pathToFileURL(folder).href },
			{ url: tarball },
			{ url: tarball, sha1: `sha256:${await hex("sha256")}` },
			{ url: pathToFileURL(tarball).href, sha1: await hex("sha1") },
			{ url: `${url}/s/Xy/download` },
			{ url: `${url}/tiny-49.tgz`, sha1: `${await hex("sha1")};sha256:${await hex("sha256")}` },
			{ url: tarball, version: "latest" },
		];
		for (const ref of refs) {
			const release = await open(ref);
			expect(release).toMatchObject({ name: "tiny", version: "49" });
			expect(release.jobs.get("app")?.fingerprint).toBe(
				"7693dd3a3aed189a516e327acf58770116790c58ddea399d905aaa0a44516bda",
			);
			const bytes = await bytesOf(await (release.packages.get("empty")?.open() ?? Promise.reject()));
			expect(bytes.subarray(0, 2)).toEqual(Buffer.from([0x1f, 0x8b]));
		}
	});

	test.each(["create", "latest"])("a folder with version %s gets one from its content", async (version) => {
		expect((await open({ url: folder, version })).version).toMatch(/^0\+dev\.[0-9a-f]{12}$/);
	});

	test("an http release is fetched once, and again when another version is wanted from the same URL", async () => {
		const { url, requests } = await serve();
		await open({ url: `${url}/download` });
		await open({ url: `${url}/download` });
		expect(requests).toHaveLength(1);
		await create(tarball, "50");
		expect((await open({ url: `${url}/download`, version: "50" })).version).toBe("50");
		expect(requests).toHaveLength(2);
	});

	test("a tarball that was changed in its place is read anew", async () => {
		await open({ url: tarball });
		await put("jobs/app/monit", "");
		await create(tarball);
		expect((await open({ url: tarball })).jobs.get("app")?.monit).toBe("");
	});

	test("a tarball is read anew if its packages are gone from the store", async () => {
		await open({ url: tarball });
		await rm(join(top, "blobs"), { recursive: true });
		const { packages } = await open({ url: tarball });
		expect(await bytesOf(await (packages.get("empty")?.open() ?? Promise.reject()))).not.toHaveLength(0);
	});

	test.each<[what: string, ref: () => Partial<ReleaseRef>, message: string]>([
		["no url", () => ({}), "no-release-url: release tiny/49 has no url, and was not uploaded here"],
		[
			"nothing there",
			() => ({ url: join(top, "gone.tgz") }),
			"no-release: release tiny/49: there is nothing at TOP/gone.tgz",
		],
		[
			"a git URL",
			() => ({ url: "git+https://x/y" }),
			"bad-release-url: release tiny/49: davit can't fetch git+https: URLs",
		],
		[
			"create of a tarball",
			() => ({ url: tarball, version: "create" }),
			"not-a-folder: release tiny: version create needs a release folder, TOP/tiny-49.tgz is a file",
		],
		[
			"another version",
			() => ({ url: tarball, version: "50" }),
			"release-version-differs: the manifest wants release tiny/50, but TOP/tiny-49.tgz holds tiny/49",
		],
		[
			"another name",
			() => ({ url: tarball, name: "big" }),
			"release-name-differs: the manifest wants release big/49, but TOP/tiny-49.tgz holds tiny/49",
		],
		[
			"another name of a folder",
			() => ({ url: folder, name: "big" }),
			"release-name-differs: the manifest wants release big/49, but TOP/tiny-release holds tiny/49",
		],
	])("%s", async (_what, ref, message) => {
		expect(await failure(ref())).toEqual([message]);
	});

	test("a wrong checksum of a local tarball names both, also after it was read without one", async () => {
		await open({ url: tarball });
		const [message] = await failure({ url: tarball, sha1: "0".repeat(40) });
		expect(message).toContain(`has the checksum sha1:${await hex("sha1")}, the manifest says sha1:${"0".repeat(40)}`);
	});

	test("a version that YAML took for a number says that it wants quotes", async () => {
		const other = join(top, "x.tgz");
		await create(other, "1.10");
		await expect(open({ url: other, version: "1.1" })).rejects.toMatchObject({
			problems: [{ hint: 'YAML read the version as a number: write version: "1.10" with quotes' }],
		});
	});

	describe("a final release in its folder", () => {
		beforeEach(async () => {
			const { jobs, packages } = await open({ url: tarball });
			const builds = [...jobs.values(), ...packages.values()].map((item) => ({
				kind: jobs.has(item.name) ? "jobs" : "packages",
				...item,
			}));
			await put("config/final.yml", "name: tiny\nblobstore: {provider: local, options: {blobstore_path: ../store}}\n");
			for (const { kind, name, fingerprint, digest = "" } of builds) {
				await put(
					`.final_builds/${kind}/${name}/index.yml`,
					`builds:\n  x: {version: ${fingerprint}, sha1: "${digest}", blobstore_id: ${name}-blob}\n`,
				);
				await mkdir(join(top, "store"), { recursive: true });
				await writeFile(join(top, "store", `${name}-blob`), await blobBytes(digest));
			}
			const [job, item] = [jobs.get("app"), packages.get("empty")];
			await put(
				"releases/tiny/tiny-7.yml",
				`name: tiny\nversion: 7\njobs: [{name: app, fingerprint: ${job?.fingerprint}, sha1: "${job?.digest}"}]\npackages: [{name: empty, fingerprint: ${item?.fingerprint}, sha1: "${item?.digest}", dependencies: []}]\n`,
			);
			// The source has moved on since.
			await put("jobs/app/monit", "changed");
		});

		const blobBytes = async (digest: string) => {
			const blobs = await store();
			return bytesOf(await blobs.open(digest as `sha256:${string}`));
		};

		test("is read from its blob store, not from today's source", async () => {
			const release = await open({ url: folder, version: "7" });
			expect(release.jobs.get("app")?.monit).toBe(tiny["jobs/app/monit"]);
			expect(await bytesOf(await (release.packages.get("empty")?.open() ?? Promise.reject()))).not.toHaveLength(0);
		});

		test("whose package blob was damaged names it alone, with both digests and its URL", async () => {
			const blob = join(top, "store", "empty-blob");
			const sound = await readFile(blob);
			await appendFile(blob, "damage");
			const messages = await failure({ url: folder, version: "7" });
			expect(messages).toHaveLength(1);
			expect(messages[0]).toMatch(
				/^checksum-mismatch: package empty: the blob empty-blob \(file:\/\/TOP\/store\/empty-blob\) has the checksum sha256:[0-9a-f]{64}, \.final_builds says sha256:[0-9a-f]{64}$/,
			);
			// Nothing of it was kept.
			await writeFile(blob, sound);
			const mended = await open({ url: folder, version: "7" });
			expect(await bytesOf(await (mended.packages.get("empty")?.open() ?? Promise.reject()))).toEqual(sound);
		});

		test("names every blob that is missing", async () => {
			await rename(join(top, "store"), join(top, "elsewhere"));
			expect(await failure({ url: folder, version: "7" })).toEqual([
				"no-blob: job app: the blob app-blob is missing in the release's blob store ../store",
				"no-blob: package empty: the blob empty-blob is missing in the release's blob store ../store",
			]);
		});
	});

	test("pre_packaging of a folder's package runs with BUILD_DIR and RELEASE_DIR", async () => {
		await put("packages/empty/spec", "name: empty\nfiles: [in.txt]\n");
		await put("src/in.txt", "from src");
		await put(
			"packages/empty/pre_packaging",
			'set -e\ntr a-z A-Z < in.txt > "$BUILD_DIR/out.txt"\ntest -d "$RELEASE_DIR/jobs"\n',
		);
		await chmod(join(folder, "packages/empty/pre_packaging"), 0o644);
		const release = await open({ url: folder, version: "create" });
		const names: string[] = [];
		await unarchive(await (release.packages.get("empty")?.open() ?? Promise.reject()), "x", async ({ path }, body) => {
			const text = (await bytesOf(Readable.from(body))).toString();
			names.push(path === "out.txt" ? `${path}=${text}` : path);
		});
		expect(names).toEqual(["in.txt", "out.txt=FROM SRC", "packaging"]);
	});

	test("a pre_packaging that fails shows the end of its output", async () => {
		await put("packages/empty/pre_packaging", "echo cannot reach proxy >&2\nexit 7\n");
		const release = await open({ url: folder, version: "create" });
		const [message] = await problemsOf(release.packages.get("empty")?.open() ?? Promise.reject());
		expect(message).toMatch(
			/^pre-packaging-failed: package empty: its pre_packaging script failed with exit code 7:\n/,
		);
		expect(message).toContain("cannot reach proxy");
	});
});

import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { npmTarball } from "../../../src/blobs/npm.ts";
import { archive } from "../../../src/release/archive.ts";
import { bytesOf, problemsOf } from "../release/trees.ts";

let folder: string;
let registry: Server;
let tarball: Buffer;
let integrity: string;
let asked: string[];

/** A registry with the one package pad@1.0.0, whose install script would tell on itself. */
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "davit-npm-"));
	asked = [];
	const manifest = Buffer.from(
		JSON.stringify({ name: "pad", version: "1.0.0", scripts: { prepack: "exit 9", install: "exit 9" } }),
	);
	const member = {
		path: "package/package.json",
		executable: false,
		size: manifest.length,
		open: async () => Readable.from([manifest]),
	};
	tarball = await bytesOf(archive([member], { compress: true }));
	integrity = `sha512-${createHash("sha512").update(tarball).digest("base64")}`;
	registry = createServer((request, response) => {
		const url = request.url ?? "";
		asked.push(url);
		if (url.endsWith(".tgz")) response.end(tarball);
		else if (url === "/pad") response.setHeader("content-type", "application/json").end(JSON.stringify(packument()));
		else response.writeHead(404).end("{}");
	});
	await new Promise<void>((resolve) => registry.listen(0, "127.0.0.1", resolve));
	vi.stubEnv("npm_config_registry", base());
	vi.stubEnv("npm_config_cache", join(folder, "npm-cache"));
	vi.stubEnv("npm_config_userconfig", join(folder, "npmrc"));
	vi.stubEnv("npm_config_update_notifier", "false");
	vi.stubEnv("npm_config_fetch_retries", "0");
});

afterEach(async () => {
	vi.unstubAllEnvs();
	registry.closeAllConnections();
	await new Promise((resolve) => registry.close(resolve));
	await rm(folder, { recursive: true });
});

const base = () => `http://127.0.0.1:${(registry.address() as AddressInfo).port}`;

const packument = () => ({
	name: "pad",
	"dist-tags": { latest: "1.0.0" },
	versions: { "1.0.0": { name: "pad", version: "1.0.0", dist: { tarball: `${base()}/pad/-/pad-1.0.0.tgz` } } },
});

const fetchPad = (wanted = integrity, spec = "pad@1.0.0", signal = new AbortController().signal) =>
	npmTarball({ spec, integrity: wanted }, { cacheFolder: join(folder, "cache"), signal });

describe("npmTarball", () => {
	test("fetches the registry's tarball with npm, and only once", async () => {
		const found = await fetchPad();
		expect((await readFile(found.path)).equals(tarball)).toBe(true);
		expect(found.digest).toBe(`sha256:${createHash("sha256").update(tarball).digest("hex")}`);
		const before = asked.length;
		expect(before).toBeGreaterThan(0);
		expect(await fetchPad()).toEqual(found);
		expect(asked).toHaveLength(before);
	});

	test("other content than the integrity says is named with both and not kept", async () => {
		const wrong = `sha512-${"A".repeat(86)}==`;
		expect(await problemsOf(fetchPad(wrong))).toEqual([
			`checksum-mismatch: the blob pad@1.0.0 has the integrity ${integrity}, config/blobs.yml says ${wrong}`,
		]);
		expect(await readdir(join(folder, "cache", "npm"))).toEqual([]);
	});

	test("what npm says of a package that doesn't exist is shown", async () => {
		const [message] = await problemsOf(fetchPad(integrity, "gone@1.0.0"));
		expect(message).toMatch(/^npm-failed: npm could not fetch the blob gone@1\.0\.0: .*E404/s);
	});

	test("a machine without npm is told what to do instead", async () => {
		await mkdir(join(folder, "bin"));
		vi.stubEnv("PATH", join(folder, "bin"));
		expect(await problemsOf(fetchPad())).toEqual([
			"no-npm: the blob pad@1.0.0 is an npm package, and there is no npm command on this machine",
		]);
	});

	test("an abort ends npm and leaves nothing", async () => {
		const abort = new AbortController();
		registry.removeAllListeners("request").on("request", () => abort.abort(new Error("interrupted")));
		await expect(fetchPad(integrity, "pad@1.0.0", abort.signal)).rejects.toThrow("interrupted");
		expect(await readdir(join(folder, "cache", "npm"))).toEqual([]);
	});
});

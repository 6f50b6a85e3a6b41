import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type FetchOptions, type FetchRequest, fetchToCache } from "../../../src/blobs/fetch.ts";
import { UserError } from "../../../src/errors.ts";
import { realClock } from "../../support/real-clock.ts";

const content = Buffer.from("0123456789".repeat(20_000));
const half = content.length / 2;
const sha1 = createHash("sha1").update(content).digest("hex");
const sha256 = createHash("sha256").update(content).digest("hex");

let folder: string;
let server: Server;
let requests: IncomingMessage[];
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let base: string;
/** The connection to break once the client has stored so many bytes. */
let breaking: { readonly response: ServerResponse; readonly at: number } | undefined;

beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "davit-fetch-"));
	requests = [];
	answer = whole;
	breaking = undefined;
	server = createServer((request, response) => {
		requests.push(request);
		answer(request, response);
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
	server.closeAllConnections();
	await new Promise((resolve) => server.close(resolve));
	await rm(folder, { recursive: true });
});

function get(request: Partial<FetchRequest> = {}, options: Partial<FetchOptions> = {}): Promise<string> {
	return fetchToCache(
		{ url: `${base}/index.php/s/abc/download`, ...request },
		{
			cacheFolder: join(folder, "cache"),
			clock: realClock,
			signal: new AbortController().signal,
			onProgress: (bytes) => {
				if (breaking && bytes >= breaking.at) breaking.response.destroy();
			},
			...options,
		},
	);
}

async function failure(result: Promise<unknown>): Promise<string> {
	const error = await result.then(
		() => undefined,
		(reason: unknown) => reason,
	);
	if (!(error instanceof UserError)) throw new Error(`expected a UserError, got ${String(error)}`);
	const [first] = error.problems;
	return `${first?.code}: ${first?.message}`.replaceAll(base, "http://server").replaceAll(folder, "FOLDER");
}

function whole(_request: IncomingMessage, response: ServerResponse): void {
	response.writeHead(200, { "content-length": content.length, etag: '"v1"' }).end(content);
}

/** Sends the first half and breaks the connection; later requests are served by range. */
function brokenOnce(request: IncomingMessage, response: ServerResponse): void {
	if (requests.length > 1) {
		byRange(request, response);
		return;
	}
	response.writeHead(200, { "content-length": content.length, etag: '"v1"' });
	response.write(content.subarray(0, half));
	breaking = { response, at: half };
}

function byRange(request: IncomingMessage, response: ServerResponse): void {
	const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "bytes=0-")?.[1]);
	if (request.headers["if-range"] !== '"v1"') {
		whole(request, response);
		return;
	}
	response
		.writeHead(206, {
			"content-length": content.length - from,
			"content-range": `bytes ${from}-${content.length - 1}/${content.length}`,
			etag: '"v1"',
		})
		.end(content.subarray(from));
}

const cached = () => readdir(join(folder, "cache"));

describe("fetchToCache", () => {
	test("keeps an opaque URL's file and asks the server only once", async () => {
		const path = await get();
		expect(await readFile(path)).toEqual(content);
		expect(await get()).toBe(path);
		expect(requests).toHaveLength(1);
	});

	test("another checksum or another expected release behind the same URL is fetched anew", async () => {
		const paths = [await get(), await get({ checksum: sha1 }), await get({ identity: "nats/50" })];
		expect(new Set(paths).size).toBe(3);
		expect(requests).toHaveLength(3);
	});

	test.each([
		sha1,
		`sha256:${sha256}`,
		`${sha1};sha256:${sha256}`,
		sha256.length === 64 ? `SHA256:${sha256}`.toLowerCase() : "",
	])("accepts the checksum %s", async (checksum) => {
		expect(await readFile(await get({ checksum }))).toEqual(content);
	});

	test("a wrong checksum names both and keeps nothing", async () => {
		expect(await failure(get({ checksum: `sha256:${"0".repeat(64)}` }))).toBe(
			`checksum-mismatch: http://server/index.php/s/abc/download has the checksum sha256:${sha256}, the manifest says sha256:${"0".repeat(64)}`,
		);
		expect(await cached()).toEqual([]);
	});

	test("every one of several checksums must agree", async () => {
		expect(await failure(get({ checksum: `${sha1};sha256:${"0".repeat(64)}` }))).toContain("checksum-mismatch");
	});

	test("a broken connection is resumed where it stopped", async () => {
		answer = brokenOnce;
		expect(await readFile(await get())).toEqual(content);
		expect(requests.map(({ headers }) => [headers.range, headers["if-range"]])).toEqual([
			[undefined, undefined],
			[`bytes=${half}-`, '"v1"'],
		]);
		expect(await cached()).toHaveLength(1);
	});

	test.each<[string, (response: ServerResponse) => void]>([
		["sends all of another version", (response) => response.writeHead(200, { etag: '"v2"' }).end(content)],
		[
			"sends a range of another version",
			(response) => response.writeHead(206, { etag: '"v2"', "content-range": `bytes ${half}-9/10` }).end("other bytes"),
		],
		[
			"sends another range than asked for",
			(response) => response.writeHead(206, { etag: '"v1"', "content-range": "bytes 3-9/10" }).end("other bytes"),
		],
		["says that the range can't be had", (response) => response.writeHead(416).end()],
	])("starts anew if the server %s", async (_what, second) => {
		answer = (request, response) => {
			if (requests.length === 1) brokenOnce(request, response);
			else if (requests.length === 2) second(response);
			else whole(request, response);
		};
		expect(await readFile(await get())).toEqual(content);
	});

	test("a server that breaks off twice is reported, and the next call goes on", async () => {
		answer = (request, response) => {
			if (requests.length === 1) {
				brokenOnce(request, response);
				return;
			}
			response.writeHead(206, {
				"content-range": `bytes ${half}-${content.length - 1}/${content.length}`,
				etag: '"v1"',
			});
			response.write(content.subarray(half, half + 10));
			breaking = { response, at: half + 10 };
		};
		expect(await failure(get())).toMatch(/^download-cut-short: http:\/\/server\/.* was cut short twice/);
		answer = byRange;
		expect(await readFile(await get())).toEqual(content);
		expect(requests.map(({ headers }) => headers.range)).toEqual([undefined, `bytes=${half}-`, `bytes=${half + 10}-`]);
	});

	test("a stream that stops is given up after the deadline and resumed once", async () => {
		answer = (request, response) => {
			if (requests.length > 1) {
				byRange(request, response);
				return;
			}
			response.writeHead(200, { "content-length": content.length, etag: '"v1"' });
			response.write(content.subarray(0, half));
		};
		expect(await readFile(await get({}, { silenceMs: 150 }))).toEqual(content);
		expect(requests[1]?.headers.range).toMatch(/^bytes=[1-9]/);
	});

	test("a server that never answers is reported", async () => {
		answer = () => {};
		expect(await failure(get({}, { silenceMs: 60 }))).toBe(
			"download-silent: http://server/index.php/s/abc/download stopped sending, and again after a new try: no byte for 0 s",
		);
		expect(requests).toHaveLength(2);
		expect(await cached()).toEqual([]);
	});

	test("an abort keeps what has arrived for the next call", async () => {
		const abort = new AbortController();
		answer = (_request, response) => {
			response.writeHead(200, { "content-length": content.length, etag: '"v1"' });
			response.write(content.subarray(0, half));
		};
		const stop = (bytes: number) => {
			if (bytes === half) abort.abort(new Error("interrupted"));
		};
		await expect(get({}, { signal: abort.signal, onProgress: stop })).rejects.toThrow("interrupted");
		expect((await cached()).map((name) => name.replace(/^[0-9a-f]+/, "KEY")).sort()).toEqual([
			"KEY.part",
			"KEY.part.validator",
		]);
		answer = byRange;
		expect(await readFile(await get())).toEqual(content);
		expect(requests[1]?.headers.range).toMatch(/^bytes=[1-9]/);
	});

	test.each<[string, number, Record<string, string>, string]>([
		[
			"404",
			404,
			{},
			"not-found: http://server/index.php/s/abc/download doesn't exist: the server answers 404 Not Found",
		],
		[
			"403",
			403,
			{},
			"not-allowed: http://server/index.php/s/abc/download is not for everybody: the server answers 403 Forbidden",
		],
		[
			"a web page",
			200,
			{ "content-type": "text/html; charset=utf-8" },
			"not-a-file: http://server/index.php/s/abc/download answers with a web page, not with a file",
		],
		[
			"500, twice",
			500,
			{},
			"download-failed: http://server/index.php/s/abc/download can't be fetched: the server answers 500 Internal Server Error",
		],
		["418", 418, {}, "download-failed: http://server/index.php/s/abc/download: the server answers 418 I'm a Teapot"],
		[
			"a redirect to elsewhere",
			302,
			{ location: "ftp://x/y" },
			"bad-redirect: http://server/index.php/s/abc/download redirects to ftp://x/y, which is no http or https URL",
		],
		[
			"a redirect to itself",
			302,
			{ location: "/index.php/s/abc/download" },
			"too-many-redirects: http://server/index.php/s/abc/download redirects more than 10 times, last to http://server/index.php/s/abc/download",
		],
	])("%s is a clear failure", async (_what, status, headers, message) => {
		answer = (_request, response) => response.writeHead(status, headers).end("no");
		expect(await failure(get())).toBe(message);
		expect(await cached()).toEqual([]);
	});

	test("follows redirects, and gives the user of the URL to that host only", async () => {
		answer = (request, response) => {
			if (request.url === "/a?sig=s3cret") response.writeHead(302, { location: "/b" }).end();
			else if (request.url === "/b")
				response.writeHead(307, { location: `${base.replace("127.0.0.1", "localhost")}/c` }).end();
			else whole(request, response);
		};
		await get({ url: `${base.replace("//", "//kim:p%40ss@")}/a?sig=s3cret` });
		const basic = `Basic ${Buffer.from("kim:p@ss").toString("base64")}`;
		expect(requests.map(({ url, headers }) => [url, headers.authorization])).toEqual([
			["/a?sig=s3cret", basic],
			["/b", basic],
			["/c", undefined],
		]);
	});

	test("secrets in a URL stay out of messages", async () => {
		answer = (_request, response) => response.writeHead(404).end();
		const message = await failure(get({ url: `${base.replace("//", "//kim:s3cret@")}/a?X-Amz-Signature=s3cret` }));
		expect(message).toContain("http://server/a?... doesn't exist");
		expect(message).not.toContain("s3cret");
	});

	test("an unreachable server is named with the reason", async () => {
		const url = `${base}/x`;
		server.closeAllConnections();
		await new Promise((resolve) => server.close(resolve));
		expect(await failure(get({ url }))).toMatch(
			/^download-failed: http:\/\/server\/x can't be fetched: connect ECONNREFUSED/,
		);
		server.listen(0);
	});

	test.runIf(existsSync("/dev/full"))("a full disk is named with the folder", async () => {
		await get();
		const [key = ""] = await cached();
		await rm(join(folder, "cache"), { recursive: true });
		await mkdir(join(folder, "cache"));
		await symlink("/dev/full", join(folder, "cache", `${key}.part`));
		expect(await failure(get())).toBe(
			"disk-full: no room in FOLDER/cache for http://server/index.php/s/abc/download (ENOSPC)",
		);
	});

	test("two downloads of one URL at once don't spoil each other", async () => {
		answer = (_request, response) => {
			response.writeHead(200, { "content-length": content.length, etag: '"v1"' });
			response.write(content.subarray(0, half));
			if (requests.length === 2) for (const held of [response, first]) held?.end(content.subarray(half));
			first ??= response;
		};
		let first: ServerResponse | undefined;
		const paths = await Promise.all([get({ checksum: sha1 }), get({ checksum: sha1 })]);
		expect(new Set(paths).size).toBe(1);
		expect(await readFile(paths[0])).toEqual(content);
		expect(await cached()).toHaveLength(1);
	});

	test("a file URL is used where it lies, checked each time", async () => {
		const path = join(folder, "한 글.tgz");
		await writeFile(path, content);
		const url = pathToFileURL(path).href;
		expect(await get({ url, checksum: sha1 })).toBe(path);
		await writeFile(path, "changed");
		expect(await failure(get({ url, checksum: sha1 }))).toContain("checksum-mismatch");
		await rm(path);
		expect(await failure(get({ url }))).toBe("not-found: FOLDER/한 글.tgz doesn't exist");
	});
});

import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { BlobStore, Digest } from "../../src/blobs/blobs.ts";
import { openFolderStore } from "../../src/blobs/folder.ts";
import { openPackageBlobs } from "../../src/cli/session/package-blobs.ts";
import type { DavitEvent } from "../../src/events.ts";
import { curlConfig, fetchPackageScript } from "../../src/machine/package.ts";
import { manualClock, systemRandom } from "../support/manual-clock.ts";
import { realClock } from "../support/real-clock.ts";
import { type Relay, type RelayMode, startRelay } from "../support/s3-relay.ts";
import { freePort, type S3Server, s3Missing, startS3 } from "../support/s3-server.ts";
import { openVm, type Sandbox } from "../unit/machine/sandbox.ts";

describe.skipIf(s3Missing !== undefined)(`a real S3 server${s3Missing ? ` (${s3Missing})` : ""}`, () => {
	let server: S3Server;
	let folder: string;
	let events: DavitEvent[];
	beforeAll(async () => {
		server = await startS3();
		for (const [name, value] of Object.entries(server.env)) vi.stubEnv(name, value);
	}, 300_000);
	afterAll(() => {
		server?.close();
		vi.unstubAllEnvs();
	});
	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), "davit-blobs-"));
		events = [];
	});
	afterEach(() => rmSync(folder, { recursive: true }));

	const near = (name: string) =>
		openFolderStore({ folder: join(folder, name), clock: realClock, random: systemRandom });
	const machine = async (name: string, more: { query?: string; now?: number; signal?: AbortSignal } = {}) => {
		const { query = `endpoint=${server.endpoint}`, now = Date.now(), signal = new AbortController().signal } = more;
		const env = { DAVIT_BLOBS: `s3://blobs/of davit?${query}` };
		const clock = manualClock(now);
		return openPackageBlobs(await near(name), { env, clock, signal, emit: (event) => void events.push(event) });
	};
	const objectOf = (digest: Digest) => join(server.folder, "of davit", digest.replace(":", "/"));
	const signed = async (store: BlobStore, digest: Digest) => (await store.signedUrl?.(digest)) ?? "";
	const told = () => events.map((event) => (event.type === "problem" ? event.problem.message : event.type));

	test.each([0, 100, 12_000_000])(
		"%i bytes that one machine put are read by another, and by their URL",
		async (size) => {
			const bytes = randomBytes(size);
			const { digest } = await (await machine("one")).put(bytes);
			const other = await machine("other");
			expect([await other.has(digest), await other.size(digest)]).toEqual([true, size]);
			const [opened, again] = await Promise.all([other.open(digest), other.open(digest)]);
			expect(bytes.equals(await buffer(opened)) && bytes.equals(await buffer(again))).toBe(true);
			expect(await (await near("other")).has(digest)).toBe(true);
			const answer = await fetch(await signed(other, digest));
			expect([answer.status, bytes.equals(Buffer.from(await answer.arrayBuffer()))]).toEqual([200, true]);
			expect(told()).toEqual([]);
		},
	);

	test("a URL is for its blob alone and for an hour", async () => {
		const store = await machine("one");
		const [a, b] = [await store.put(Buffer.from("a")), await store.put(Buffer.from("b"))];
		const url = await signed(store, a.digest);
		expect((await fetch(url.replace(a.digest.slice(7), b.digest.slice(7)))).status).toBe(403);
		expect((await fetch(url, { method: "DELETE" })).status).toBe(403);
		const at = async (minutes: number) =>
			(await fetch(await signed(await machine("one", { now: Date.now() - minutes * 60_000 }), a.digest))).status;
		expect([await at(58), await at(62)]).toEqual([200, 403]);
	});

	test("an object that was cut short is put anew, and one with other bytes is not taken", async () => {
		const { digest } = await (await machine("one")).put(Buffer.from("whole"));
		writeFileSync(objectOf(digest), "wrong");
		const other = await machine("other");
		await expect(other.open(digest)).rejects.toThrow(`blob ${digest} is not in`);
		expect(told()).toEqual([expect.stringContaining("holds other bytes")]);
		truncateSync(objectOf(digest), 3);
		await signed(await machine("one"), digest);
		expect(readFileSync(objectOf(digest), "utf8")).toBe("whole");
	});

	test.each([
		["no server", async () => `endpoint=http://127.0.0.1:${await freePort()}`, "ECONNREFUSED"],
		["no right to it", async () => `endpoint=${server.endpoint}&region=eu-north-1`, "(HTTP 4"],
	])("with %s everything goes on with what is here, and that is told once", async (_, query, why) => {
		const store = await machine("one", { query: await query() });
		const { digest } = await store.put(Buffer.from("near"));
		expect((await buffer(await store.open(digest))).toString()).toBe("near");
		const none: Digest = `sha256:${createHash("sha256").update("none").digest("hex")}`;
		expect([await store.has(none), await store.size(none), await store.signedUrl?.(digest)]).toEqual([
			false,
			undefined,
			undefined,
		]);
		expect(told()).toEqual([expect.stringContaining(why)]);
	});

	test("an interruption is no failure of the bucket", async () => {
		const stop = new AbortController();
		const store = await machine("one", { signal: stop.signal });
		const putting = store.put(randomBytes(20_000_000));
		stop.abort(new Error("interrupted"));
		await expect(putting).rejects.toThrow("interrupted");
		expect(told()).toEqual([]);
	});

	describe("a VM that fetches a package", () => {
		let vm: Sandbox;
		let relay: Relay;
		let port: number;
		beforeAll(async () => {
			vm = await openVm();
			port = await freePort();
			relay = await startRelay({ host: "127.0.0.1", port, socket: server.socket, folder: server.folder });
		});
		afterAll(async () => {
			relay?.close();
			await vm?.close();
		});
		const bits = { name: "words", fingerprint: "f" };
		const archive = () => {
			writeFileSync(join(folder, "words"), "hello\n");
			return execFileSync("tar", ["-cz", "-C", folder, "words"]);
		};
		const run = async (mode: RelayMode) => {
			const store = await machine("one", { query: `endpoint=${server.endpoint}&vm_endpoint=http://127.0.0.1:${port}` });
			const { digest } = await store.put(archive());
			relay.set(mode);
			const url = await signed(store, digest);
			const script = fetchPackageScript(bits, digest.slice(7), undefined, 2);
			const ran = await vm.run(script, { stdin: curlConfig(url) });
			expect(`${script}${ran.stdout}${ran.stderr}`).not.toContain("X-Amz");
			return ran;
		};
		const left = async () => (await vm.run("cd /var/vcap/data/packages/words && find . -mindepth 1 | sort")).stdout;

		test.each<[RelayMode, string]>([
			["forbid", "error: 403"],
			["truncate", "remaining"],
			["corrupt", "what came has another digest than"],
			["stall", "too slow"],
		])("%s: says why, and leaves nothing", async (mode, why) => {
			const { code, stderr } = await run(mode);
			expect(code).not.toBe(0);
			expect(stderr.trimEnd().split("\n").at(-1)).toContain(why);
			expect(await left()).toBe("");
		});

		test("unpacks it, once", async () => {
			expect(await run("pass")).toMatchObject({ code: 0, stderr: "" });
			expect(await left()).toBe("./f\n./f/words\n");
			expect(await run("forbid")).toMatchObject({ code: 0 });
		});

		test("without curl says so", async () => {
			const script = fetchPackageScript({ ...bits, name: "other" }, "0".repeat(64));
			const ran = await vm.run(`command() { return 1; }\n${script}`, { stdin: "" });
			expect(ran).toMatchObject({ code: 1, stderr: "there is no curl on this VM\n" });
		});
	});
});

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Digest } from "../../../src/blobs/blobs.ts";
import { openFolderStore } from "../../../src/blobs/folder.ts";
import { UserError } from "../../../src/errors.ts";
import { manualClock, systemRandom } from "../../support/manual-clock.ts";

let folder: string;
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "davit-blobs-"));
});
afterEach(() => rm(folder, { recursive: true }));

const openStore = (now = Date.now()) =>
	openFolderStore({ folder: join(folder, "blobs"), clock: manualClock(now), random: systemRandom });
const digestOf = (bytes: string | Uint8Array): Digest => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const fileOf = (digest: Digest) => join(folder, "blobs", "sha256", digest.slice(7, 9), digest.slice(7));
const incoming = () => readdir(join(folder, "blobs", "incoming"));

async function refusalOf(work: Promise<unknown>): Promise<UserError> {
	const error = await work.then(
		() => undefined,
		(reason: unknown) => reason,
	);
	if (!(error instanceof UserError)) throw new Error("was not refused", { cause: error });
	return error;
}

test("what is put, as bytes or as a stream in any pieces, comes out again", async () => {
	const store = await openStore();
	await fc.assert(
		fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 10 }), async (pieces) => {
			const whole = Buffer.concat(pieces);
			const expected = { digest: digestOf(whole), size: whole.length };
			expect(await store.put(Readable.from(pieces.filter((piece) => piece.length > 0)))).toEqual(expected);
			expect(await store.put(whole)).toEqual(expected);
			expect(await store.has(expected.digest)).toBe(true);
			expect(await store.size(expected.digest)).toBe(whole.length);
			expect(await buffer(await store.open(expected.digest))).toEqual(whole);
		}),
		{ numRuns: 20 },
	);
	expect(await incoming()).toEqual([]);
});

test("another process finds what was put, and files are for their owner only", async () => {
	const { digest } = await (await openStore()).put(Buffer.from("hello"));
	expect((await buffer(await (await openStore()).open(digest))).toString()).toBe("hello");
	expect((await stat(fileOf(digest))).mode & 0o777).toBe(0o600);
	expect((await stat(join(folder, "blobs"))).mode & 0o777).toBe(0o700);
});

test("the same content put many times at once is one blob", async () => {
	const stores = await Promise.all(Array.from({ length: 4 }, () => openStore()));
	const bytes = Buffer.alloc(300_000, "x");
	const puts = stores.flatMap((store) => [
		store.put(Readable.from([bytes, bytes])),
		store.put(Buffer.concat([bytes, bytes])),
	]);
	const digests = new Set((await Promise.all(puts)).map(({ digest }) => digest));
	expect([...digests]).toEqual([digestOf(Buffer.concat([bytes, bytes]))]);
	expect(await incoming()).toEqual([]);
});

describe("what went wrong", () => {
	test("an absent blob is named", async () => {
		const store = await openStore();
		const digest = digestOf("none");
		expect(await store.has(digest)).toBe(false);
		expect(await store.size(digest)).toBeUndefined();
		expect((await refusalOf(store.open(digest))).message).toBe(`blob ${digest} is not in ${join(folder, "blobs")}`);
	});

	test.each<[string, (file: string) => Promise<void>]>([
		["changed", (file) => writeFile(file, "jello")],
		["cut short", (file) => writeFile(file, "hell")],
	])("a blob that was %s is refused, also after it was read well, and can be put again", async (_, damage) => {
		const store = await openStore();
		const { digest } = await store.put(Buffer.from("hello"));
		await buffer(await store.open(digest));
		await damage(fileOf(digest));
		expect((await refusalOf(store.open(digest))).problems).toEqual([
			{
				...{ severity: "error", code: "blob-damaged", place: { file: fileOf(digest) } },
				message: `blob ${digest} in ${join(folder, "blobs")} is damaged: its bytes don't match its digest`,
				hint: "it was removed: run the command again, which fetches or makes it anew",
			},
		]);
		expect(await store.has(digest)).toBe(false);
		await store.put(Buffer.from("hello"));
		expect((await buffer(await store.open(digest))).toString()).toBe("hello");
	});

	test("a put over a damaged blob mends it", async () => {
		const store = await openStore();
		const { digest } = await store.put(Buffer.from("hello"));
		await writeFile(fileOf(digest), "jello");
		await store.put(Buffer.from("hello"));
		expect((await buffer(await store.open(digest))).toString()).toBe("hello");
	});

	test("a body that breaks off leaves nothing, and its error is the caller's", async () => {
		const store = await openStore();
		const breaking = Readable.from(
			(async function* () {
				yield Buffer.from("half");
				throw new Error("connection lost");
			})(),
		);
		await expect(store.put(breaking)).rejects.toThrow("connection lost");
		const cut = new Readable({ read() {} });
		cut.push("half");
		setImmediate(() => cut.destroy());
		await expect(store.put(cut)).rejects.toThrow("Premature close");
		await expect(store.put(createReadStream(join(folder, "none")))).rejects.toThrow("ENOENT");
		expect(await incoming()).toEqual([]);
	});

	test("a digest that is none never becomes a path", async () => {
		const store = await openStore();
		await expect(store.open("sha256:../../etc/passwd")).rejects.toThrow("not a digest");
	});

	test.skipIf(process.getuid?.() === 0)("a folder that may not be written is one clear error", async () => {
		await mkdir(join(folder, "blobs"));
		await chmod(join(folder, "blobs"), 0o500);
		const refused = await refusalOf(openStore());
		expect(refused.message).toBe(`blobs can't be kept in ${join(folder, "blobs")}: permission denied`);
	});

	test("a file where the folder should be is one clear error", async () => {
		await writeFile(join(folder, "blobs"), "");
		const refused = await refusalOf(openStore());
		expect(refused.message).toBe(`blobs can't be kept in ${join(folder, "blobs")}: a part of the path is a file`);
	});
});

const mayMount = (() => {
	try {
		execFileSync("unshare", ["--user", "--map-root-user", "--mount", "true"], { stdio: "ignore" });
		return true;
	} catch {
		return false;
	}
})();

test.runIf(mayMount)("a full disk is one clear error that leaves nothing, and smaller blobs still fit", () => {
	const child = join(import.meta.dirname, "full-disk-child.ts");
	const args = ["--user", "--map-root-user", "--mount", process.execPath, child, folder];
	expect(JSON.parse(execFileSync("unshare", args, { encoding: "utf8" }))).toEqual({
		problems: [
			{
				...{ severity: "error", code: "disk-full", place: { file: folder } },
				message: `blobs can't be kept in ${folder}: the disk is full`,
				hint: "make room on that disk, then run the command again",
			},
		],
		left: [],
		size: 500_000,
	});
});

test("what a crash left behind is cleared by the next start; what is being written stays", async () => {
	await openStore();
	const now = Date.now();
	const dead = 2 ** 22 + 1;
	const leave = async (name: string, ageMs: number) => {
		const file = join(folder, "blobs", "incoming", name);
		await writeFile(file, "half");
		await utimes(file, new Date(now - ageMs), new Date(now - ageMs));
	};
	await leave(`${dead}.crashed`, 120_000);
	await leave(`${dead}.in-another-container`, 5_000);
	await leave(`${process.pid}.at-work`, 120_000);
	await leave(`${process.pid}.pid-of-another-by-now`, 2 * 86_400_000);
	await openStore(now);
	expect((await incoming()).sort()).toEqual([`${dead}.in-another-container`, `${process.pid}.at-work`].sort());
});

import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import fc from "fast-check";
import { extract, type Header } from "tar-stream";
import { describe, expect, test } from "vitest";
import { type ArchiveMember, archive } from "../../../src/release/archive.ts";
import { unarchive } from "../../../src/release/unarchive.ts";
import { bytesOf, problemsOf } from "./trees.ts";

const member = (path: string, content: string | Buffer, more: Partial<ArchiveMember> = {}): ArchiveMember => ({
	path,
	executable: false,
	size: Buffer.byteLength(content),
	open: async () => Readable.from([Buffer.from(content)]),
	...more,
});

async function headersOf(gzipped: Buffer): Promise<Header[]> {
	const tar = extract();
	Readable.from([gzipped])
		.pipe(createGunzip())
		.pipe(tar as never);
	const headers: Header[] = [];
	for await (const entry of tar) {
		headers.push(entry.header);
		entry.resume();
	}
	return headers;
}

describe("archive", () => {
	test("holds folders, files, executables and links, of root and of one time", async () => {
		const bytes = await bytesOf(
			archive(
				[
					member("src/run", "go", { executable: true }),
					member("packaging", "set -e"),
					member("src/link", "", { linkTo: "../packaging" }),
				],
				{ compress: true },
			),
		);
		const headers = await headersOf(bytes);
		expect(headers.map(({ type, name, mode, linkname }) => [type, name, mode.toString(8), linkname])).toEqual([
			["file", "packaging", "644", null],
			["directory", "src/", "755", null],
			["symlink", "src/link", "777", "../packaging"],
			["file", "src/run", "755", null],
		]);
		expect(new Set(headers.map(({ uid, gid, mtime }) => `${uid} ${gid} ${mtime.toISOString()}`))).toEqual(
			new Set(["0 0 1980-01-01T00:00:00.000Z"]),
		);
	});

	test("the bytes depend on the files alone, not on their order, and come back as they were", async () => {
		const path = fc
			.array(fc.stringMatching(/^[a-z0-9한글._-]{1,40}$/u), { minLength: 1, maxLength: 4 })
			.map((parts) => parts.map((part) => `f${part}`).join("/"));
		const contents = fc
			.uniqueArray(fc.tuple(path, fc.uint8Array({ maxLength: 70_000 })), { selector: ([key]) => key, maxLength: 8 })
			// A path can't be both a file and a folder.
			.filter((list) => !list.some(([one]) => list.some(([other]) => other.startsWith(`${one}/`))));
		await fc.assert(
			fc.asyncProperty(contents, async (list) => {
				const members = list.map(([key, content]) => member(key, Buffer.from(content)));
				const bytes = await bytesOf(archive(members, { compress: true }));
				expect((await bytesOf(archive(members.toReversed(), { compress: true }))).equals(bytes)).toBe(true);
				const found = new Map<string, Buffer>();
				await unarchive(Readable.from([bytes]), "x", async ({ path: name }, body) => {
					found.set(name, await bytesOf(Readable.from(body)));
				});
				expect(found).toEqual(new Map(list.map(([key, content]) => [key, Buffer.from(content)])));
			}),
			{ numRuns: 40 },
		);
	});

	test("a file that grows while it is archived is named", async () => {
		const grown = member("src/log", "x", { open: async () => Readable.from([Buffer.from("xyz")]) });
		expect(await problemsOf(bytesOf(archive([grown], { compress: true })))).toEqual([
			"file-changed: src/log changed its size while it was put into an archive",
		]);
	});

	test("a reader that gives up closes the file that is being read", async () => {
		const body = Readable.from(
			(async function* () {
				for (;;) yield Buffer.alloc(65_536, String(Math.PI));
			})(),
			{ objectMode: false },
		);
		const closed = new Promise((resolve) => body.once("close", resolve));
		const reading = archive([member("big", "", { size: 2 ** 32, open: async () => body })], { compress: false });
		for await (const _ of reading) break;
		await closed;
	});
});

import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { expect, test } from "vitest";
import { untar } from "../../../src/release/untar.ts";

async function namesIn(pieces: readonly Buffer[]): Promise<string[]> {
	const names: string[] = [];
	await untar(Readable.from(pieces, { objectMode: false }), async ({ header }) => {
		names.push(header.name);
	});
	return names;
}

test.each(["gzipped", "plain"])("a %s tar is known as what it is though its first byte comes alone", async (form) => {
	const tar = pack();
	tar.entry({ name: "a" }, "1");
	tar.finalize();
	const plain = Buffer.concat((await Readable.from(tar).toArray()) as Buffer[]);
	const bytes = form === "plain" ? plain : gzipSync(plain);
	expect(await namesIn([bytes.subarray(0, 1), bytes.subarray(1)])).toEqual(["a"]);
});

test("no bytes at all are an empty tar", async () => {
	expect(await namesIn([])).toEqual([]);
});

import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { extract, type Header } from "tar-stream";

/** A member of a tar; iterate it for its bytes. */
export type TarEntry = AsyncIterable<Buffer> & { readonly header: Header };

/**
 * Passes each member of a tar, gzipped or not, to `visit`, which must read it to its end or not at all. Destroys the source if it ends early.
 * @throws what broke the source, else what `visit` threw, else tar-stream's or zlib's error.
 */
export async function untar(source: Readable, visit: (entry: TarEntry) => Promise<void>): Promise<void> {
	const tar = extract();
	let fault: unknown;
	const feeding = feed(source, tar).catch((error: Error) => {
		// Why the bytes ended says more than that they did.
		fault = error;
		tar.destroy(error);
	});
	try {
		for await (const entry of tar) {
			await visit(entry as TarEntry);
			entry.resume();
		}
		await feeding;
	} catch (error) {
		fault ??= error;
	}
	if (fault === undefined) return;
	source.destroy();
	throw fault;
}

/** A member's path without empty and `.` parts; undefined if it leads out of the tar. */
export function memberPath(path: string): string | undefined {
	const parts = path.split("/").filter((part) => part !== "" && part !== ".");
	return path.startsWith("/") || parts.includes("..") ? undefined : parts.join("/");
}

/** Bytes of the source into tar-stream's parser, unzipped if they are gzip. */
async function feed(source: Readable, tar: ReturnType<typeof extract>): Promise<void> {
	const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
	const first = await firstBytes(chunks);
	const all = Readable.from(rejoin(first, chunks), { objectMode: false });
	const plain = isGzip(first) ? all.pipe(createGunzip()) : all;
	all.on("error", (error) => plain.destroy(error));
	for await (const chunk of plain) {
		if (tar.destroyed) throw new Error("Unexpected end of data");
		if (!tar.write(chunk)) await drained(tar);
	}
	tar.end(undefined);
}

/** The first two bytes and what comes with them: a network may bring one byte alone. */
async function firstBytes(chunks: AsyncIterator<Buffer>): Promise<Buffer> {
	let bytes: Buffer = Buffer.alloc(0);
	for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
		bytes = Buffer.concat([bytes, next.value]);
		if (bytes.length >= 2) break;
	}
	return bytes;
}

async function* rejoin(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
	if (first.length > 0) yield first;
	for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

function drained(tar: ReturnType<typeof extract>): Promise<void> {
	return new Promise((resolve) => {
		const done = () => {
			tar.off("drain", done).off("close", done);
			resolve();
		};
		tar.on("drain", done).on("close", done);
	});
}

function isGzip(bytes: Buffer): boolean {
	return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

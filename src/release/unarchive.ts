import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { extract, type Header } from "tar-stream";
import { problem, UserError } from "../errors.ts";

/** A regular file of an archive; its path has no `./` before it and never leaves the archive. */
export interface UnarchivedFile {
	readonly path: string;
	/** Bytes. */
	readonly size: number;
}

/**
 * Passes each regular file of a tar, gzipped or not, to `visit`, which must read `body` to its end or not at all. Folders, links and
 * the `._` files of macOS are left out.
 * @throws UserError if the archive is broken, cut short or holds a path that leaves it; `name` is what messages call it.
 */
export async function unarchive(
	source: Readable,
	name: string,
	visit: (file: UnarchivedFile, body: AsyncIterable<Buffer>) => Promise<void>,
): Promise<void> {
	const tar = extract();
	let fault: unknown;
	const feeding = feed(source, tar).catch((error: Error) => {
		fault = error;
		tar.destroy(error);
	});
	try {
		for await (const entry of tar) {
			const path = safePath(entry.header.name, name);
			if (isWanted(entry.header, path)) await visit({ path, size: entry.header.size }, entry as AsyncIterable<Buffer>);
			entry.resume();
		}
		await feeding;
	} catch (error) {
		fault ??= error;
	}
	if (fault === undefined) return;
	source.destroy();
	throw isArchiveFault(fault) ? broken(name, fault) : fault;
}

/** Bytes of the source into tar-stream's parser, unzipped if they are gzip. */
export async function feed(source: Readable, tar: ReturnType<typeof extract>): Promise<void> {
	const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
	const first = await chunks.next();
	const all = Readable.from(rejoin(first.done ? undefined : first.value, chunks), { objectMode: false });
	const plain = isGzip(first.value) ? all.pipe(createGunzip()) : all;
	all.on("error", (error) => plain.destroy(error));
	for await (const chunk of plain) {
		if (tar.destroyed) throw new Error("Unexpected end of data");
		if (!tar.write(chunk)) await drained(tar);
	}
	tar.end(undefined);
}

async function* rejoin(first: Buffer | undefined, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
	if (first === undefined) return;
	yield first;
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

function isGzip(chunk: Buffer | undefined): boolean {
	return chunk?.[0] === 0x1f && chunk[1] === 0x8b;
}

function isWanted(header: Header, path: string): boolean {
	const kind = header.type;
	if (kind !== "file" && kind !== "contiguous-file") return false;
	return !(path.split("/").at(-1) ?? "").startsWith("._");
}

function safePath(path: string, archive: string): string {
	const parts = path.split("/").filter((part) => part !== "" && part !== ".");
	if (path.startsWith("/") || parts.includes(".."))
		throw new UserError(
			problem("path-escapes", `${archive} holds a file named ${path}, which lies outside the archive`, {
				hint: "nothing of it was used; get the archive from a source that you trust",
			}),
		);
	return parts.join("/");
}

/** zlib's codes and tar-stream's texts; all else is a failure of the disk or of davit. */
function isArchiveFault(error: unknown): error is Error {
	if (!(error instanceof Error)) return false;
	const code = "code" in error ? String(error.code) : "";
	if (code.startsWith("Z_") || code === "ERR_STREAM_PREMATURE_CLOSE") return true;
	return /^(Unexpected end of data|Invalid tar header|Invalid header|Header exceeds|unexpected end of file|Writable stream closed)/.test(
		error.message,
	);
}

function broken(name: string, error: Error): UserError {
	const short = /end of (data|file)/.test(error.message);
	const what = short ? "is cut short: it ends in the middle of a file" : "is no tar archive, or a damaged one";
	return new UserError(
		problem("broken-tarball", `${name} ${what}`, { hint: "get the file again and compare its size and checksum" }),
		{ cause: error },
	);
}

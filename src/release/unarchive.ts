import type { Readable } from "node:stream";
import type { Header } from "tar-stream";
import { problem, UserError } from "../errors.ts";
import { memberPath, untar } from "./untar.ts";

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
	try {
		await untar(source, async (entry) => {
			const path = safePath(entry.header.name, name);
			if (isWanted(entry.header, path)) await visit({ path, size: entry.header.size }, entry);
		});
	} catch (error) {
		throw isArchiveFault(error) ? broken(name, error) : error;
	}
}

function isWanted(header: Header, path: string): boolean {
	const kind = header.type;
	if (kind !== "file" && kind !== "contiguous-file") return false;
	return !(path.split("/").at(-1) ?? "").startsWith("._");
}

function safePath(path: string, archive: string): string {
	const inside = memberPath(path);
	if (inside === undefined)
		throw new UserError(
			problem("path-escapes", `${archive} holds a file named ${path}, which lies outside the archive`, {
				hint: "nothing of it was used; get the archive from a source that you trust",
			}),
		);
	return inside;
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

import { Readable } from "node:stream";
import { createGzip } from "node:zlib";
import { type Header, type Pack, pack } from "tar-stream";
import { problem, UserError } from "../errors.ts";
import { compareBytes } from "./fingerprint.ts";

/** A file that goes into an archive. `open` is asked for once, when its turn comes. */
export interface ArchiveMember {
	/** Relative, separated by `/`. */
	readonly path: string;
	readonly executable: boolean;
	/** Bytes; what `open` gives must have exactly that many. */
	readonly size: number;
	/** The target of a symlink; then there are no bytes. */
	readonly linkTo?: string;
	open(): Promise<Readable>;
}

/** A member whose bytes are at hand. */
export function bytesMember(path: string, bytes: Buffer, executable: boolean): ArchiveMember {
	return { path, executable, size: bytes.length, open: async () => Readable.from([bytes]) };
}

type Entry = Partial<Header> & Pick<Header, "name">;

/** 1980: fixed so that the same files give the same bytes, and late enough that no tar calls it implausible. */
// biome-ignore lint/style/noRestrictedGlobals: a constant, not the clock
const fixedTime = new Date(315_532_800_000);

/**
 * A gzipped tar of the members and of the folders above them, always the same bytes for the same files: sorted, owned by root, with one fixed
 * time. Streamed: no file is held in memory. With `compress` false the gzip only wraps, for members that are compressed already.
 */
export function archive(members: readonly ArchiveMember[], options: { readonly compress: boolean }): Readable {
	const tar = pack();
	const gzip = createGzip({ level: options.compress ? 6 : 0 });
	tar.on("data", (chunk) => {
		if (!gzip.write(chunk)) tar.pause();
	});
	gzip.on("drain", () => tar.resume());
	tar.on("end", () => gzip.end());
	// What goes wrong reaches `fill` as well, with a better message.
	tar.on("error", () => {});
	// A reader that gives up early must not leave the file of the next member open.
	gzip.on("close", () => tar.destroy());
	fill(tar, members).catch((error: Error) => gzip.destroy(error));
	return gzip;
}

async function fill(tar: Pack, members: readonly ArchiveMember[]): Promise<void> {
	const files = new Map(members.map((member) => [member.path, member]));
	const folders = new Set(members.flatMap(({ path }) => foldersAbove(path)));
	for (const path of [...files.keys(), ...folders].sort(compareBytes)) {
		const member = files.get(path);
		if (!member) await writeEntry(tar, header(`${path}/`, "directory", 0o755));
		else if (member.linkTo !== undefined)
			await writeEntry(tar, { ...header(path, "symlink", 0o777), linkname: member.linkTo });
		else await writeFile(tar, member);
	}
	tar.finalize();
}

function header(name: string, type: "directory" | "symlink" | "file", mode: number): Entry {
	return { name, type, mode, uid: 0, gid: 0, uname: "root", gname: "root", mtime: fixedTime };
}

async function writeFile(tar: Pack, member: ArchiveMember): Promise<void> {
	const body = await member.open();
	try {
		await writeEntry(
			tar,
			{ ...header(member.path, "file", member.executable ? 0o755 : 0o644), size: member.size },
			body,
		);
	} catch (error) {
		body.destroy();
		if (!(error instanceof Error) || error.message !== "Size mismatch") throw error;
		throw new UserError(
			problem("file-changed", `${member.path} changed its size while it was put into an archive`, {
				hint: "try again when nothing writes to it",
			}),
		);
	}
}

/** Writes an entry and its bytes, of which there must be as many as the header says; resolves when its turn is over. */
export async function writeEntry(tar: Pack, headers: Entry, body?: Readable): Promise<void> {
	const { promise: written, resolve, reject } = Promise.withResolvers<void>();
	const sink = tar.entry(headers, (error) => (error ? reject(error) : resolve()));
	sink.on("error", reject);
	written.catch(() => body?.destroy());
	for await (const chunk of body ?? []) {
		if (sink.write(chunk)) continue;
		const drained = new Promise<void>((resolve) => sink.once("drain", () => resolve()));
		await Promise.race([drained, written]);
	}
	if (body) sink.end(undefined);
	await written;
}

function foldersAbove(path: string): string[] {
	const parts = path.split("/").slice(0, -1);
	return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}

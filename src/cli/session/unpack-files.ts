import { createWriteStream } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { extract, type Header } from "tar-stream";
import { problem, UserError, warning } from "../../errors.ts";
import type { EventSink } from "../../events.ts";
import { feed } from "../../release/unarchive.ts";
import { localProblem } from "./local-problem.ts";
import type { Copied } from "./pack-files.ts";

type Entry = AsyncIterable<unknown> & { readonly header: Header };

export interface UnpackOptions {
	readonly emit: EventSink;
	/** Counts what came. */
	readonly copied: Copied;
}

/**
 * Takes a tar to `target` on this machine, as scp does: into it if it is a folder or ends with a slash, else under that name, for which the tar
 * must hold one file or folder. All of it is unpacked beside the target first: what is there is replaced at once, and of a tar that breaks off
 * nothing stays. Throws a UserError about what the user can mend here.
 */
export async function unpackFiles(source: Readable, target: string, options: UnpackOptions): Promise<void> {
	try {
		const into = await folderOf(target);
		const staging = await mkdtemp(join(into.folder, ".davit-"));
		try {
			await unpack(source, staging, options);
			const members = await readdir(staging);
			if (into.name !== undefined && members.length > 1)
				throw new UserError(
					problem("local-file", `${target} is no folder: it can take one file, not ${members.length}`, {
						hint: "end it with a slash to make a folder",
					}),
				);
			for (const member of members) await merge(join(staging, member), join(into.folder, into.name ?? member));
		} finally {
			await rm(staging, { recursive: true, force: true });
		}
	} catch (error) {
		throw localProblem(error, target);
	} finally {
		source.destroy();
	}
}

async function folderOf(target: string): Promise<{ readonly folder: string; readonly name?: string }> {
	if (target.endsWith("/")) await mkdir(target, { recursive: true });
	if ((await kindOf(target)) === "folder") return { folder: target };
	const folder = dirname(target);
	if ((await kindOf(folder)) === "folder") return { folder, name: basename(target) };
	throw new UserError(
		problem("local-file", `${folder}: no such folder`, { hint: "make it, or end the target with a slash" }),
	);
}

async function kindOf(path: string): Promise<"folder" | "file" | "other" | undefined> {
	try {
		const found = await stat(path);
		return found.isDirectory() ? "folder" : found.isFile() ? "file" : "other";
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
		throw error;
	}
}

async function unpack(source: Readable, folder: string, options: UnpackOptions): Promise<void> {
	const tar = extract();
	let fault: unknown;
	const feeding = feed(source, tar).catch((error: Error) => {
		// Why the bytes ended says more than that they did.
		fault = error;
		tar.destroy(error);
	});
	try {
		for await (const entry of tar) {
			await unpackEntry(entry, safePath(folder, entry.header.name), options);
			entry.resume();
		}
		await feeding;
	} catch (error) {
		fault ??= error;
	}
	if (fault !== undefined) throw fault;
}

async function unpackEntry(entry: Entry, path: string, { emit, copied }: UnpackOptions): Promise<void> {
	const { type, name, mode } = entry.header;
	if (type === "directory") return void (await mkdir(path, { recursive: true, mode: (mode & 0o777) | 0o700 }));
	if (type !== "file" && type !== "contiguous-file")
		return emit({
			type: "problem",
			problem: warning("left-out", `${name} is neither file nor folder, and is left out`),
		});
	await pipeline(counted(entry, copied), createWriteStream(path, { mode: mode & 0o777 }));
	copied.files += 1;
}

async function* counted(entry: Entry, copied: Copied): AsyncGenerator<Buffer> {
	for await (const chunk of entry) {
		copied.bytes += (chunk as Buffer).length;
		yield chunk as Buffer;
	}
}

/** What comes from a VM must not lie anywhere else. */
function safePath(folder: string, name: string): string {
	const parts = name.split("/").filter((part) => part !== "" && part !== ".");
	if (parts.includes("..") || name.startsWith("/"))
		throw new UserError(
			problem("path-escapes", `the VM sent a file named ${name}, which would lie outside the target`, {
				hint: "nothing was kept; look at what runs on that VM",
			}),
		);
	return join(folder, ...parts);
}

/** Moves it there; folders that are there are filled up, files replaced at once, which keep their mode. */
async function merge(from: string, to: string): Promise<void> {
	const [kind, there] = [await kindOf(from), await kindOf(to)];
	if (kind === "folder" && there === "folder") {
		for (const member of await readdir(from)) await merge(join(from, member), join(to, member));
		return;
	}
	if (there === "folder" || there === "other" || (there === "file" && kind === "folder"))
		throw new UserError(
			problem("local-file", `${to} is there, and is no ${kind} that could be replaced`, {
				hint: "choose another target",
			}),
		);
	if (there === undefined) return rename(from, to);
	const place = await realpath(to);
	await chmod(from, (await stat(place)).mode & 0o777);
	await rename(from, place);
}

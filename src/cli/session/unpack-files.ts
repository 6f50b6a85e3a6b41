import { createWriteStream } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, realpath, rename, rm, rmdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { problem, UserError, warning } from "../../errors.ts";
import type { EventSink } from "../../events.ts";
import { memberPath, type TarEntry, untar } from "../../release/untar.ts";
import { localProblem } from "./local-problem.ts";
import { type Copied, counted } from "./transfer.ts";

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
	let into: Place | undefined;
	try {
		into = await placeOf(target);
		await unpackInto(into, source, target, options);
	} catch (error) {
		// A folder that was made for what didn't come would look as if it had.
		if (into?.made) await rmdir(into.folder).catch(() => {});
		throw localProblem(error, target);
	} finally {
		source.destroy();
	}
}

interface Place {
	readonly folder: string;
	/** What the one file or folder is to be called; undefined: as it is. */
	readonly name?: string;
	/** The folder was made now. */
	readonly made?: boolean;
}

async function placeOf(target: string): Promise<Place> {
	if ((await kindOf(target)) === "other") throw notReplaceable(target, "file");
	const made = target.endsWith("/") && (await mkdir(target, { recursive: true })) !== undefined;
	if ((await kindOf(target)) === "folder") return { folder: target, made };
	const folder = dirname(target);
	if ((await kindOf(folder)) === "folder") return { folder, name: basename(target) };
	throw new UserError(
		problem("local-file", `${folder}: no such folder`, { hint: "make it, or end the target with a slash" }),
	);
}

async function unpackInto(
	{ folder, name }: Place,
	source: Readable,
	target: string,
	options: UnpackOptions,
): Promise<void> {
	const staging = await mkdtemp(join(folder, ".davit-"));
	try {
		await untar(source, (entry) => unpackEntry(entry, safePath(staging, entry.header.name), options));
		const members = await readdir(staging);
		if (name !== undefined && members.length > 1)
			throw new UserError(
				problem("local-file", `${target} is no folder: it can take one file, not ${members.length}`, {
					hint: "end it with a slash to make a folder",
				}),
			);
		for (const member of members) await merge(join(staging, member), join(folder, name ?? member));
	} finally {
		await rm(staging, { recursive: true, force: true });
	}
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

async function unpackEntry(entry: TarEntry, path: string, { emit, copied }: UnpackOptions): Promise<void> {
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

/** What comes from a VM must not lie anywhere else. */
function safePath(folder: string, name: string): string {
	const inside = memberPath(name);
	if (inside === undefined)
		throw new UserError(
			problem("path-escapes", `the VM sent a file named ${name}, which would lie outside the target`, {
				hint: "nothing was kept; look at what runs on that VM",
			}),
		);
	return join(folder, inside);
}

/** Moves it there; folders that are there are filled up, files replaced at once, which keep their mode. */
async function merge(from: string, to: string): Promise<void> {
	const [kind, there] = [await kindOf(from), await kindOf(to)];
	if (kind === "folder" && there === "folder") {
		for (const member of await readdir(from)) await merge(join(from, member), join(to, member));
		return;
	}
	if (there === "folder" || there === "other" || (there === "file" && kind === "folder"))
		throw notReplaceable(to, kind);
	if (there === undefined) return rename(from, to);
	const place = await realpath(to);
	await chmod(from, (await stat(place)).mode & 0o777);
	await rename(from, place);
}

function notReplaceable(path: string, by = "file"): UserError {
	const hint = "choose another target";
	return new UserError(problem("local-file", `${path} is there, and is no ${by} that could be replaced`, { hint }));
}

import { createReadStream, type Stats } from "node:fs";
import { access, constants, readdir, realpath, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { Readable } from "node:stream";
import { type Pack, pack } from "tar-stream";
import { problem, UserError, warning } from "../../errors.ts";
import type { EventSink } from "../../events.ts";
import { writeEntry } from "../../release/archive.ts";
import { localProblem } from "./local-problem.ts";
import { type Copied, counted } from "./transfer.ts";

/** Throws a UserError that names every path that isn't there, can't be read or is a folder without `recursive`. */
export async function checkSources(
	paths: readonly string[],
	{ recursive }: { readonly recursive: boolean },
): Promise<void> {
	const check = async (path: string) => {
		try {
			if ((await stat(path)).isDirectory() && !recursive)
				return [problem("folder", `${path} is a folder`, { hint: "add -r" })];
			await access(path, constants.R_OK);
			return [];
		} catch (error) {
			const found = localProblem(error, path);
			if (!(found instanceof UserError)) throw found;
			return found.problems;
		}
	};
	const problems = (await Promise.all(paths.map(check))).flat();
	if (problems.length > 0) throw new UserError(problems);
}

/**
 * Files and folders of this machine (absolute paths) as a tar, each under its last name, links followed as scp does. Streamed. What is neither
 * file nor folder is left out with a warning. Counts in `copied`.
 */
export function packFiles(paths: readonly string[], copied: Copied, emit: EventSink): Readable {
	const tar = pack();
	// What goes wrong reaches `filled` as well, with a better message.
	tar.on("error", () => {});
	const filled = fill(tar, paths, copied, emit);
	filled.catch(() => {});
	return Readable.from(bytesOf(tar, filled), { objectMode: false });
}

async function* bytesOf(tar: Pack, filled: Promise<void>): AsyncGenerator<Buffer> {
	try {
		for await (const chunk of tar) yield chunk as Buffer;
	} catch {
		tar.destroy();
	}
	await filled;
}

async function fill(tar: Pack, paths: readonly string[], copied: Copied, emit: EventSink): Promise<void> {
	const add = async (path: string, name: string, above: readonly string[]): Promise<void> => {
		const found = await stat(path);
		if (found.isFile()) return addFile(tar, path, name, found, copied);
		if (!found.isDirectory()) {
			const what = `${path} is neither file nor folder, and is left out`;
			return emit({ type: "problem", problem: warning("left-out", what) });
		}
		const real = await realpath(path);
		if (above.includes(real)) throw new UserError(circle(path));
		await writeEntry(tar, { name: `${name}/`, type: "directory", mode: found.mode & 0o777 });
		for (const member of (await readdir(path)).sort())
			await add(join(path, member), `${name}/${member}`, [...above, real]);
	};
	for (const path of paths) {
		try {
			await add(path, basename(path), []);
		} catch (error) {
			tar.destroy();
			throw localProblem(error, path);
		}
	}
	tar.finalize();
}

async function addFile(tar: Pack, path: string, name: string, { size, mode }: Stats, copied: Copied): Promise<void> {
	// A file that grows is copied as long as it was.
	const bytes = size === 0 ? Readable.from([]) : createReadStream(path, { end: size - 1 });
	const body = Readable.from(counted(bytes, copied));
	try {
		await writeEntry(tar, { name, type: "file", mode: mode & 0o777, size }, body);
		copied.files += 1;
	} catch (error) {
		if (!(error instanceof Error) || error.message !== "Size mismatch") throw error;
		const hint = "try again when nothing writes to it";
		throw new UserError(problem("file-changed", `${path} became shorter while it was copied`, { hint }));
	} finally {
		body.destroy();
	}
}

function circle(path: string) {
	return problem("local-file", `${path} leads back to a folder that it lies in`, { hint: "leave that link out" });
}

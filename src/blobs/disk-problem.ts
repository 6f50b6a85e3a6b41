import { problem, UserError } from "../errors.ts";

const known: Readonly<Record<string, readonly [code: string, what: string, hint: string]>> = {
	ENOSPC: ["disk-full", "the disk is full", "make room on that disk, then run the command again"],
	EDQUOT: ["disk-full", "your disk quota is used up", "make room on that disk, then run the command again"],
	EACCES: ["blobs-forbidden", "permission denied", "check the owner and mode of that folder"],
	EPERM: ["blobs-forbidden", "permission denied", "check the owner and mode of that folder"],
	EROFS: ["blobs-forbidden", "the file system is read-only", "name another folder with --state or DAVIT_HOME"],
	ENOTDIR: ["blobs-forbidden", "a part of the path is a file", "name another folder with --state or DAVIT_HOME"],
	EIO: ["disk-broken", "the disk reports an error", "check that disk"],
};

/** A UserError naming the folder if the error is about its disk and the user can mend it, else the error as it is. */
export function diskProblem(error: unknown, folder: string): unknown {
	const { code, syscall, path = folder } = error as NodeJS.ErrnoException;
	const found = syscall === undefined ? undefined : known[code ?? ""];
	// What is read into the store may fail as well, and that is another's story.
	if (!found || !path.startsWith(folder)) return error;
	const [name, what, hint] = found;
	return new UserError(problem(name, `blobs can't be kept in ${folder}: ${what}`, { place: { file: folder }, hint }), {
		cause: error,
	});
}

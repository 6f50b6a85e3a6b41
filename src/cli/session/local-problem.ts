import { problem, UserError } from "../../errors.ts";

const known: Readonly<Record<string, readonly [what: string, hint: string]>> = {
	ENOENT: ["no such file or folder", "check the path"],
	EACCES: ["permission denied", "check its owner and mode, and those of the folders above"],
	EPERM: ["permission denied", "check its owner and mode, and those of the folders above"],
	ENOTDIR: ["a part of the path is a file", "check the path"],
	EISDIR: ["it is a folder", "name a file"],
	EROFS: ["the file system is read-only", "choose another place"],
	ENOSPC: ["the disk is full", "make room, then run the command again"],
	EDQUOT: ["your disk quota is used up", "make room, then run the command again"],
	EXDEV: ["it is a link to another file system", "name what the link leads to"],
	ELOOP: ["its links lead in a circle", "check the links"],
	ENAMETOOLONG: ["the name is too long for this file system", "choose a shorter one"],
};

/** A UserError that names the file of this machine, if the error is one of the file system's that the user can mend; else the error as it is. */
export function localProblem(error: unknown, path: string): unknown {
	const { code, syscall, path: at = path } = error as NodeJS.ErrnoException;
	const found = syscall === undefined ? undefined : known[code ?? ""];
	if (!found) return error;
	const [what, hint] = found;
	return new UserError(problem("local-file", `${at}: ${what}`, { hint }), { cause: error });
}

import { problem, UserError } from "../errors.ts";

/** SQLite's primary result codes that are the user's to mend. Source: sqlite.org/rescode.html */
const mendable: Readonly<Record<number, { readonly code: string; readonly what: string; readonly hint: string }>> = {
	3: {
		code: "state-forbidden",
		what: "may not be accessed",
		hint: "check the owner and mode of the file and its folder",
	},
	5: { code: "state-busy", what: "is locked by another process", hint: "run the command again" },
	8: { code: "state-read-only", what: "can't be written", hint: "check the owner and mode of the file and its folder" },
	10: { code: "state-unreadable", what: "can't be read or written", hint: "check the disk that it is on" },
	11: { code: "state-corrupt", what: "is damaged", hint: "restore it from a backup" },
	13: {
		code: "disk-full",
		what: "can't grow: the disk is full",
		hint: "make room on that disk, then run the command again",
	},
	14: {
		code: "state-unreadable",
		what: "can't be opened",
		hint: "check the owner and mode of the file and its folder",
	},
	26: { code: "not-a-store", what: "is not a davit state store", hint: "name another folder with --state" },
};

/** A UserError naming the file if the error is one that the user can mend, else the error as it is. */
export function translateSqliteError(error: unknown, file: string): unknown {
	const result = (error as { errcode?: unknown } | null)?.errcode;
	if (typeof result !== "number") return error;
	const known = mendable[result & 0xff];
	if (!known) return error;
	return new UserError(
		problem(known.code, `the state store ${file} ${known.what}`, { place: { file }, hint: known.hint }),
		{
			cause: error,
		},
	);
}

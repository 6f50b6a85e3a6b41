import { CpiError, type CpiErrorKind } from "../../src/cpi/errors.ts";

/** An error of the embedded provider, in one call. */
export function localError(
	kind: CpiErrorKind,
	operation: string,
	message: string,
	more: { hint?: string; cause?: unknown; retryable?: boolean } = {},
): CpiError {
	return new CpiError(message, { kind, iaas: "local", operation, ...more });
}

const KINDS: Readonly<Record<string, CpiErrorKind>> = {
	ENOSPC: "capacity",
	EDQUOT: "quota",
	EMFILE: "capacity",
	ENFILE: "capacity",
	ENOMEM: "capacity",
	EAGAIN: "capacity",
	EACCES: "auth",
	EPERM: "auth",
	EROFS: "invalid",
};

const FULL =
	"make room on the disk of davit's home, or choose another place for it (DAVIT_HOME), and run the command again";

const HINTS: Readonly<Record<string, string>> = { ENOSPC: FULL, EDQUOT: FULL };

/** What a system call or a program's start threw, as an error of the port. */
export function asLocalError(error: unknown, operation: string): CpiError {
	if (error instanceof CpiError) return error;
	const code = (error as NodeJS.ErrnoException)?.code;
	const message = error instanceof Error ? error.message : String(error);
	const hint = HINTS[code ?? ""];
	return localError(KINDS[code ?? ""] ?? "unavailable", operation, `${operation} on this machine: ${message}`, {
		cause: error,
		retryable: false,
		...(hint === undefined ? {} : { hint }),
	});
}

import { CpiError, type CpiErrorKind } from "../../src/cpi/errors.ts";
import { knownTexts } from "./virsh-texts.ts";

interface More {
	readonly hint?: string;
	readonly cause?: unknown;
	readonly retryable?: boolean;
}

/** An error of libvirt's CPI, in one call. */
export function libvirtError(kind: CpiErrorKind, operation: string, message: string, more: More = {}): CpiError {
	return new CpiError(message, { kind, iaas: "libvirt", operation, ...more });
}

/** What virsh said on a host, classified by its text. virsh shows no error numbers. */
export function virshError(operation: string, host: string, text: string): CpiError {
	const said = text
		.split("\n")
		.map((line) => line.replace(/^error: /, "").trim())
		.filter((line) => line !== "")
		.join("; ");
	const known = knownTexts.find(({ pattern }) => pattern.test(said));
	const message = `${known?.message ?? "libvirt refused it"} (host ${host}: ${said})`;
	if (!known) return libvirtError("unavailable", operation, message, { retryable: false });
	const { kind, hint, retryable } = known;
	return libvirtError(kind, operation, message, { hint, retryable: retryable ?? false });
}

/** What a system call or a program's start threw, as an error of the port. */
export function asLibvirtError(error: unknown, operation: string): CpiError {
	if (error instanceof CpiError) return error;
	const message = error instanceof Error ? error.message : String(error);
	return libvirtError("unavailable", operation, `${operation}: ${message}`, { cause: error, retryable: false });
}

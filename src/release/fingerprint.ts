import { createHash } from "node:crypto";
import type { Readable } from "node:stream";

/** A file as BOSH's fingerprint sees it. */
export interface FingerprintFile {
	/** Orders the files. */
	readonly path: string;
	/** What is hashed for the name, if not the path. */
	readonly name?: string;
	/** `sha256:HEX` of the bytes, or of a symlink's target. */
	readonly digest: string;
	/** Absent: the mode doesn't count (`packaging`, `pre_packaging`, licence texts). */
	readonly mode?: FingerprintMode;
}

type FingerprintMode = "100755" | "100644" | "symlink";

/**
 * The fingerprint of a job, package or licence, 64 hex digits: `v2`, then each file's name, digest and mode in the order of the paths'
 * bytes, then the sorted dependencies joined by commas (bosh-cli, release/resource/fingerprint.go).
 */
export function fingerprint(files: readonly FingerprintFile[], dependencies: readonly string[] = []): string {
	const hash = createHash("sha256").update("v2");
	for (const file of [...files].sort((a, b) => compareBytes(a.path, b.path)))
		hash.update(`${file.name ?? file.path}${file.digest}${file.mode ?? ""}`);
	hash.update([...dependencies].sort(compareBytes).join(","));
	return hash.digest("hex");
}

/** `sha256:HEX` of bytes at hand. */
export function sha256Of(content: string | Uint8Array): string {
	return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

/** `sha256:HEX` of a stream, read to its end. */
export async function sha256OfStream(body: Readable): Promise<string> {
	const hash = createHash("sha256");
	for await (const chunk of body) hash.update(chunk as Buffer);
	return `sha256:${hash.digest("hex")}`;
}

/** Go's order of strings: by their UTF-8 bytes. */
export function compareBytes(a: string, b: string): number {
	return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

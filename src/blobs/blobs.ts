import type { Readable } from "node:stream";

/** `sha256:<64 hex>` */
export type Digest = `sha256:${string}`;

/** Content-addressed bytes. A put is atomic: half a blob is never seen. */
export interface BlobStore {
	/** Reads `body` to its end and returns its digest. */
	put(body: Readable | Uint8Array): Promise<{ readonly digest: Digest; readonly size: number }>;
	has(digest: Digest): Promise<boolean>;
	/** Rejects with a UserError naming the digest if it is absent or its bytes don't match. */
	open(digest: Digest): Promise<Readable>;
	size(digest: Digest): Promise<number | undefined>;
	/**
	 * A secret URL under which this blob, and nothing else, can be read for an hour. Undefined: not at present, and why was told.
	 * Absent: VMs can't reach this store.
	 */
	signedUrl?(digest: Digest): Promise<string | undefined>;
}

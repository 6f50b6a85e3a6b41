import { type Problem, UserError, warning } from "../errors.ts";
import type { BlobStore, Digest } from "./blobs.ts";
import type { Bucket } from "./s3-bucket.ts";

export interface S3StoreOptions {
	/** On this machine: what is put goes there first, and what is read from the bucket is kept there. */
	readonly near: BlobStore;
	readonly bucket: Bucket;
	/** For messages: `s3://BUCKET/PREFIX/`. */
	readonly name: string;
	readonly prefix: string;
	readonly signal: AbortSignal;
	/** Gets the bucket's first failure; it isn't asked again after that, and everything goes on with what is near. */
	readonly onFailure: (told: Problem) => void;
}

/**
 * Blobs in a bucket, each under its digest, with a store on this machine before it. A bucket that fails is not the end of anything: it is told
 * once, and what is near is used alone.
 */
export function openS3Store(options: S3StoreOptions): BlobStore & Required<Pick<BlobStore, "signedUrl">> {
	const { near, bucket, prefix } = options;
	const keyOf = (digest: Digest) => `${prefix}${digest.replace(":", "/")}`;
	const tried = untilFailure(options);
	const shared = onceEach(async (digest) => {
		const size = await near.size(digest);
		const there = await bucket.size(keyOf(digest));
		if (there !== undefined && (size === undefined || size === there)) return;
		await bucket.put(keyOf(digest), await near.open(digest), size ?? 0);
	});
	const fetched = onceEach(async (digest) => {
		const found = await near.put(await bucket.get(keyOf(digest)));
		if (found.digest !== digest) throw new Error(`the object ${keyOf(digest)} holds other bytes: ${found.digest}`);
	});
	return {
		put: async (body) => {
			const made = await near.put(body);
			await tried(() => shared(made.digest));
			return made;
		},
		has: async (digest) => (await near.has(digest)) || (await tried(() => bucket.size(keyOf(digest)))) !== undefined,
		size: async (digest) => (await near.size(digest)) ?? (await tried(() => bucket.size(keyOf(digest)))),
		open: async (digest) => {
			if (!(await near.has(digest))) await tried(() => fetched(digest));
			return near.open(digest);
		},
		signedUrl: (digest) =>
			tried(async () => {
				await shared(digest);
				return bucket.signedUrl(keyOf(digest));
			}),
	};
}

/** Undefined once anything has failed. What is wrong on this machine, or told to stop, is thrown. */
function untilFailure({ name, signal, onFailure }: S3StoreOptions) {
	let failed = false;
	return async <T>(work: () => Promise<T>): Promise<T | undefined> => {
		if (failed) return undefined;
		try {
			return await work();
		} catch (error) {
			signal.throwIfAborted();
			if (error instanceof UserError) throw error;
			if (!failed) onFailure(unusable(name, error));
			failed = true;
			return undefined;
		}
	};
}

function unusable(name: string, error: unknown): Problem {
	return warning(
		"object-store-unusable",
		`${name} can't be used, and packages are copied over SSH: ${reasonOf(error)}`,
		{
			hint: "check DAVIT_BLOBS, AWS's credentials, and that this machine reaches that server; the next command tries it again",
		},
	);
}

/** The SDK's errors: a name that S3 gave or Node, a message that may be empty, and the answer's status if there was one. */
function reasonOf(error: unknown): string {
	const { name, code, message, $metadata } = error as Error & {
		readonly code?: string;
		readonly $metadata?: { readonly httpStatusCode?: number };
	};
	const status = $metadata?.httpStatusCode;
	const parts = [code ?? name, status === undefined ? "" : `(HTTP ${status})`].filter((part) => part !== "");
	return message === "" || message === "UnknownError" ? parts.join(" ") : `${parts.join(" ")}: ${message}`;
}

/** One call for each digest, however many ask. */
function onceEach(work: (digest: Digest) => Promise<void>): (digest: Digest) => Promise<void> {
	const begun = new Map<Digest, Promise<void>>();
	return (digest) => {
		const running = begun.get(digest) ?? work(digest);
		begun.set(digest, running);
		return running;
	};
}

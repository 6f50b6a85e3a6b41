import type { Readable } from "node:stream";
import type { S3Client, S3ClientConfig } from "@aws-sdk/client-s3";
import type { Clock } from "../clock.ts";
import { problem, UserError } from "../errors.ts";
import type { S3Setting } from "./s3-setting.ts";

/** Objects by key. Everything rejects with the SDK's errors, which has tried again what is worth it. */
export interface Bucket {
	/** Bytes; undefined: there is no such object. */
	size(key: string): Promise<number | undefined>;
	get(key: string): Promise<Readable>;
	/** In parts, which only together become an object. `size` in bytes. */
	put(key: string, body: Readable, size: number): Promise<void>;
	/** Good for an hour, for this object alone. */
	signedUrl(key: string): Promise<string>;
}

export interface BucketOptions {
	readonly setting: S3Setting;
	readonly clock: Clock;
	readonly signal: AbortSignal;
	/** Milliseconds; by default 10 s until a connection is there, and 60 s without a byte. */
	readonly deadlines?: { readonly connect: number; readonly silence: number };
}

const PACKAGES = ["@aws-sdk/client-s3", "@aws-sdk/lib-storage", "@aws-sdk/s3-request-presigner"];
const HOUR_S = 3600;
/** S3's bounds: a part has 5 MiB at least, and an object 10,000 parts at most. */
const PART_BYTES = 5 << 20;
const MOST_PARTS = 10_000;

/** Throws a UserError if AWS's SDK, which davit brings only to those who use it, is not installed. */
export function requireS3Sdk(): void {
	const missing = PACKAGES.filter((name) => !isInstalled(name));
	if (missing.length === 0) return;
	throw new UserError(
		problem("s3-sdk-missing", `DAVIT_BLOBS names a bucket, and ${missing.join(", ")} is not installed`, {
			hint: `install it where davit is: npm install ${missing.join(" ")} (with --global, if davit is)`,
		}),
	);
}

function isInstalled(name: string): boolean {
	try {
		import.meta.resolve(name);
		return true;
	} catch {
		return false;
	}
}

/** A bucket of any server that speaks S3; credentials come from AWS's environment variables, files and instance identity. */
export function openBucket(options: BucketOptions): Bucket {
	const { clock, signal, setting } = options;
	const { bucket: Bucket } = setting;
	const sdk = lazily(() => import("@aws-sdk/client-s3"));
	const ours = lazily(async () => new (await sdk()).S3Client(configOf(options, setting.endpoint)));
	const theirs = setting.vmEndpoint
		? lazily(async () => new (await sdk()).S3Client(configOf(options, setting.vmEndpoint)))
		: ours;
	return {
		size: async (Key) => {
			const { HeadObjectCommand, NotFound } = await sdk();
			try {
				const found = await (await ours()).send(new HeadObjectCommand({ Bucket, Key }), { abortSignal: signal });
				return found.ContentLength;
			} catch (error) {
				if (error instanceof NotFound) return undefined;
				throw error;
			}
		},
		get: async (Key) => {
			const { GetObjectCommand } = await sdk();
			const found = await (await ours()).send(new GetObjectCommand({ Bucket, Key }), { abortSignal: signal });
			return found.Body as Readable;
		},
		put: async (Key, body, size) => upload(await ours(), { Bucket, Key, Body: body }, size, signal),
		signedUrl: async (Key) => {
			const { GetObjectCommand } = await sdk();
			const { getSignedUrl } = await import("@aws-sdk/s3-request-presigner");
			const signingDate = new Date(clock.now());
			return getSignedUrl(await theirs(), new GetObjectCommand({ Bucket, Key }), { expiresIn: HOUR_S, signingDate });
		},
	};
}

function configOf({ setting, deadlines }: BucketOptions, endpoint: string | undefined): S3ClientConfig {
	const { connect: connectionTimeout, silence: socketTimeout } = deadlines ?? { connect: 10_000, silence: 60_000 };
	return {
		...(setting.region === undefined ? {} : { region: setting.region }),
		...(endpoint === undefined ? {} : { endpoint }),
		forcePathStyle: setting.pathStyle,
		requestHandler: { connectionTimeout, socketTimeout },
		// Servers other than AWS's refuse the newer checksums; davit checks digests of its own.
		requestChecksumCalculation: "WHEN_REQUIRED",
		responseChecksumValidation: "WHEN_REQUIRED",
	};
}

async function upload(
	client: S3Client,
	params: { readonly Bucket: string; readonly Key: string; readonly Body: Readable },
	size: number,
	signal: AbortSignal,
): Promise<void> {
	const { Upload } = await import("@aws-sdk/lib-storage");
	const partSize = Math.max(PART_BYTES, Math.ceil(size / MOST_PARTS));
	// Parts are held in memory, and many uploads run at once.
	const task = new Upload({ client, params, partSize, queueSize: 2 });
	const stop = () => void task.abort();
	signal.addEventListener("abort", stop, { once: true });
	try {
		signal.throwIfAborted();
		await task.done();
	} finally {
		signal.removeEventListener("abort", stop);
		params.Body.destroy();
	}
}

function lazily<T>(make: () => Promise<T>): () => Promise<T> {
	let made: Promise<T> | undefined;
	return () => {
		made ??= make();
		return made;
	};
}

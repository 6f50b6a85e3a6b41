import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import type { Clock, Random } from "../clock.ts";
import { problem, UserError } from "../errors.ts";
import type { StoredBlob } from "../release/kept-files.ts";
import type { BlobStore, Digest } from "./blobs.ts";
import { diskProblem } from "./disk-problem.ts";
import { removeLeftovers, temporaryName } from "./leftovers.ts";

export interface FolderStoreOptions {
	/** Absolute path, made if absent, for its owner only. */
	readonly folder: string;
	readonly clock: Clock;
	readonly random: Random;
}

export interface FolderStore extends BlobStore {
	/** All blobs, in the order of their digests. */
	list(): Promise<readonly StoredBlob[]>;
	/** Removes one, unless somebody has put it again since it was listed. Absent is success. */
	remove(blob: StoredBlob): Promise<void>;
}

interface Found {
	readonly size: number;
	/** Differs once the file was touched. */
	readonly identity: string;
	/** Wall clock, ms since 1970. */
	readonly changedAt: number;
}

const settledMs = 2000;

/** Blobs as files named by their digest. Also clears away what puts of crashed processes left behind. */
export async function openFolderStore({ folder, clock, random }: FolderStoreOptions): Promise<FolderStore> {
	const incoming = join(folder, "incoming");
	try {
		await mkdir(incoming, { recursive: true, mode: 0o700 });
		await removeLeftovers(incoming, clock.now());
	} catch (error) {
		throw diskProblem(error, folder);
	}
	/** Digests of files that were read and found whole, with what would change if they were touched. */
	const verified = new Map<Digest, string>();
	return {
		put: async (body) => {
			const temporary = join(incoming, temporaryName(random));
			try {
				const { digest, size } = await writeDown(body, temporary);
				const file = fileOf(folder, digest);
				await mkdir(dirname(file), { recursive: true, mode: 0o700 });
				// Also over one that is there: it may have been damaged.
				await rename(temporary, file);
				await syncFolder(dirname(file));
				return { digest, size };
			} catch (error) {
				await rm(temporary, { force: true });
				throw diskProblem(error, folder);
			}
		},
		has: async (digest) => (await find(folder, digest)) !== undefined,
		size: async (digest) => (await find(folder, digest))?.size,
		open: async (digest) => {
			const found = await find(folder, digest);
			if (!found) throw absent(digest, folder);
			if (verified.get(digest) !== found.identity) {
				await verify(digest, folder);
				// A change within the clock tick of the last one would leave the same times.
				if (clock.now() - found.changedAt > settledMs) verified.set(digest, found.identity);
			}
			return createReadStream(fileOf(folder, digest));
		},
		list: () => listBlobs(folder),
		remove: async ({ digest, changedAt }) => {
			if ((await find(folder, digest))?.changedAt === changedAt) await rm(fileOf(folder, digest), { force: true });
		},
	};
}

/** Streams the body to a new file, and to the disk itself, so that a blob that is seen survives a power failure. */
async function writeDown(body: Readable | Uint8Array, file: string): Promise<{ digest: Digest; size: number }> {
	const hash = createHash("sha256");
	let size = 0;
	// A body that fails while the file is being opened must not go unheard; the loop below meets its error.
	if (!(body instanceof Uint8Array)) body.on("error", () => {});
	const handle = await open(file, "wx", 0o600);
	try {
		for await (const chunk of body instanceof Uint8Array ? [body] : body) {
			const bytes = typeof chunk === "string" ? Buffer.from(chunk) : (chunk as Uint8Array);
			hash.update(bytes);
			size += bytes.length;
			await handle.writeFile(bytes);
		}
		await handle.sync();
	} finally {
		await handle.close();
	}
	return { digest: `sha256:${hash.digest("hex")}`, size };
}

async function syncFolder(folder: string): Promise<void> {
	const handle = await open(folder, "r");
	try {
		await handle.sync();
	} finally {
		await handle.close();
	}
}

/** Two levels, so that no folder gets too many entries. */
function fileOf(folder: string, digest: Digest): string {
	const [, hex] = /^sha256:([0-9a-f]{64})$/.exec(digest) ?? [];
	if (!hex) throw new Error(`not a digest: ${digest}`);
	return join(folder, "sha256", hex.slice(0, 2), hex);
}

async function listBlobs(folder: string): Promise<readonly StoredBlob[]> {
	const files = await readdir(join(folder, "sha256"), { recursive: true }).catch(() => []);
	const digests = files.flatMap((file) => /([0-9a-f]{64})$/.exec(file)?.[1] ?? []).sort();
	const found = await Promise.all(
		digests.map(async (hex): Promise<StoredBlob | undefined> => {
			const digest: Digest = `sha256:${hex}`;
			const blob = await find(folder, digest);
			return blob && { digest, size: blob.size, changedAt: blob.changedAt };
		}),
	);
	return found.filter((blob) => blob !== undefined);
}

async function find(folder: string, digest: Digest): Promise<Found | undefined> {
	try {
		const { size, ino, mtimeMs, ctimeMs } = await stat(fileOf(folder, digest));
		return { size, identity: `${ino} ${size} ${mtimeMs} ${ctimeMs}`, changedAt: ctimeMs };
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
		throw diskProblem(error, folder);
	}
}

async function verify(digest: Digest, folder: string): Promise<void> {
	const file = fileOf(folder, digest);
	const hash = createHash("sha256");
	try {
		for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
	} catch (error) {
		throw diskProblem(error, folder);
	}
	if (`sha256:${hash.digest("hex")}` === digest) return;
	// Out of the way, so that whoever needs it fetches or makes it again.
	await rm(file, { force: true });
	throw new UserError(
		problem("blob-damaged", `blob ${digest} in ${folder} is damaged: its bytes don't match its digest`, {
			place: { file },
			hint: "it was removed: run the command again, which fetches or makes it anew",
		}),
	);
}

function absent(digest: Digest, folder: string): UserError {
	return new UserError(
		problem("blob-missing", `blob ${digest} is not in ${folder}`, {
			hint: "run the command again, which fetches or makes it anew",
		}),
	);
}

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { access, mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Clock } from "../clock.ts";
import { type Problem, problem, UserError } from "../errors.ts";
import { digester, digestMismatch } from "../release/digests.ts";
import { download, SilentStream } from "./download.ts";
import { claimPart, readPart, removePart } from "./part-file.ts";
import { shownUrl } from "./shown-url.ts";

export interface FetchRequest {
	/** http, https or file. */
	readonly url: string;
	/** `HEX` (SHA-1), `sha256:HEX`, or several joined by `;`. */
	readonly checksum?: string;
	/** What is expected behind the URL, such as `nats/49`: another expectation of the same URL is fetched anew. */
	readonly identity?: string;
}

export interface FetchOptions {
	readonly cacheFolder: string;
	readonly clock: Clock;
	readonly signal: AbortSignal;
	/** A stream without a byte for so long is given up and resumed once. Default 60 s. */
	readonly silenceMs?: number;
	/** Bytes so far, and of all if the server says. */
	readonly onProgress?: (bytes: number, total: number | undefined) => void;
}

/**
 * The path of a URL's file: of a `file:` URL its own, else its copy in the cache, which is downloaded only once for a URL, checksum and
 * identity. A broken connection is resumed once; an abort leaves a part file that the next call continues.
 * @throws UserError: absent, not allowed, unreachable, cut short, silent, wrong checksum, disk full.
 */
export async function fetchToCache(request: FetchRequest, options: FetchOptions): Promise<string> {
	if (request.url.startsWith("file:")) return localFile(request);
	const cached = join(options.cacheFolder, cachedName(request));
	if (await exists(cached)) return cached;
	try {
		await mkdir(options.cacheFolder, { recursive: true });
		const shared = `${cached}.part`;
		const claim = await claimPart(shared);
		const part = claim ? shared : `${cached}.${process.pid}-${performance.now()}.part`;
		try {
			await downloadTwice(request, options, part);
			await verify(part, request, () => removePart(part));
			await rename(part, cached);
			await removePart(part);
		} finally {
			// What no later call can continue is only in the way.
			if (!claim || (await readPart(part)).validator === undefined) await removePart(part);
			await claim?.release();
		}
		return cached;
	} catch (error) {
		options.signal.throwIfAborted();
		throw error instanceof UserError
			? error
			: new UserError(explain(request, options, error as Error), { cause: error });
	}
}

/** Name of a download's file in the cache. What has not wholly arrived has it too, with an ending. */
export function cachedName({ url, checksum = "", identity = "" }: FetchRequest): string {
	return createHash("sha256").update(`${url}\n${checksum}\n${identity}`).digest("hex");
}

async function downloadTwice(request: FetchRequest, options: FetchOptions, part: string): Promise<void> {
	const task = {
		url: request.url,
		part,
		hasChecksum: request.checksum !== undefined,
		clock: options.clock,
		signal: options.signal,
		silenceMs: options.silenceMs ?? 60_000,
		onProgress: options.onProgress ?? (() => {}),
	};
	try {
		await download(task);
	} catch (error) {
		if (error instanceof UserError || options.signal.aborted || isDiskError(error)) throw error;
		await download(task);
	}
}

async function localFile({ url, checksum }: FetchRequest): Promise<string> {
	const path = fileURLToPath(url);
	if (!(await exists(path)))
		throw new UserError(problem("not-found", `${path} doesn't exist`, { hint: "check the url in the manifest" }));
	await verify(path, { url, ...(checksum === undefined ? {} : { checksum }) }, async () => {});
	return path;
}

/** Compares a file with the checksum, if there is one. */
async function verify(path: string, { url, checksum }: FetchRequest, discard: () => Promise<void>): Promise<void> {
	if (checksum === undefined) return;
	const all = digester();
	for await (const chunk of createReadStream(path)) all.update(chunk as Buffer);
	const mismatch = digestMismatch(checksum, all.digests());
	if (!mismatch) return;
	await discard();
	throw new UserError(
		problem(
			"checksum-mismatch",
			`${shownUrl(url)} has the checksum ${mismatch.actual}, the manifest says ${mismatch.expected}`,
			{ hint: "either the file was changed or the manifest's sha1 is another version's; nothing was kept" },
		),
	);
}

function explain({ url }: FetchRequest, { cacheFolder }: FetchOptions, error: Error): Problem {
	const code = (error as NodeJS.ErrnoException).code ?? "";
	const shown = shownUrl(url);
	if (isDiskError(error))
		return problem("disk-full", `no room in ${cacheFolder} for ${shown} (${code})`, {
			hint: "free some space there, or choose another folder with DAVIT_HOME; what has arrived is kept",
		});
	if (error instanceof SilentStream)
		return problem("download-silent", `${shown} stopped sending, and again after a new try: ${error.message}`, {
			hint: "run the command again: it continues where this one stopped",
		});
	if (["ECONNRESET", "ERR_STREAM_PREMATURE_CLOSE", "EPIPE"].includes(code))
		return problem("download-cut-short", `${shown} was cut short twice: ${error.message}`, {
			hint: "run the command again: it continues where this one stopped, if the server allows that",
		});
	return problem("download-failed", `${shown} can't be fetched: ${error.message || code}`, {
		hint: "check the network and its proxy, or give the path of a file that was downloaded elsewhere",
	});
}

function isDiskError(error: unknown): boolean {
	return ["ENOSPC", "EDQUOT", "EFBIG", "EROFS"].includes((error as NodeJS.ErrnoException).code ?? "");
}

function exists(path: string): Promise<boolean> {
	return access(path).then(
		() => true,
		() => false,
	);
}

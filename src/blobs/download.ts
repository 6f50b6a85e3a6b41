import { open } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import type { Clock } from "../clock.ts";
import { problem, UserError } from "../errors.ts";
import { httpGet } from "./http-get.ts";
import { notePart, readPart, removePart } from "./part-file.ts";
import { shownUrl } from "./shown-url.ts";

export interface Download {
	readonly url: string;
	/** Grows here; is continued if it exists and the server still has the same file. */
	readonly part: string;
	readonly hasChecksum: boolean;
	readonly clock: Clock;
	readonly signal: AbortSignal;
	/** A stream without a byte for so long has failed. */
	readonly silenceMs: number;
	readonly onProgress: (bytes: number, total: number | undefined) => void;
}

/** The stream gave no byte for the whole of the deadline. */
export class SilentStream extends Error {
	override readonly name = "SilentStream";
}

/** One try to bring the part file to its end. Throws a UserError for what another try can't mend, else the network's or disk's error. */
export async function download(task: Download): Promise<void> {
	const silence = new AbortController();
	const signal = AbortSignal.any([task.signal, silence.signal]);
	const pulse = { at: task.clock.monotonic(), ended: false };
	const watch = watchSilence(task, pulse, silence);
	try {
		await transfer(task, signal, () => {
			pulse.at = task.clock.monotonic();
		});
	} catch (error) {
		task.signal.throwIfAborted();
		throw silence.signal.aborted && silence.signal.reason instanceof SilentStream ? silence.signal.reason : error;
	} finally {
		pulse.ended = true;
		silence.abort();
		await watch;
	}
}

async function transfer(task: Download, signal: AbortSignal, beat: () => void): Promise<void> {
	const part = await readPart(task.part);
	const resumable = part.size > 0 && part.validator !== undefined;
	const headers = resumable ? { range: `bytes=${part.size}-`, "if-range": part.validator ?? "" } : {};
	const response = await httpGet({ url: task.url, headers, signal, allowDowngrade: task.hasChecksum });
	beat();
	if (resumable && !continues(response, part)) {
		await removePart(task.part);
		// 206 for other bytes than asked, or 416: the part is of no use, and neither is this answer.
		if (response.statusCode !== 200) {
			response.resume();
			return transfer(task, signal, beat);
		}
	}
	const start = resumable && response.statusCode === 206 ? part.size : 0;
	checkStatus(task, response, start > 0);
	await notePart(task.part, validatorOf(response));
	const length = response.headers["content-length"];
	const total = length === undefined ? undefined : start + Number(length);
	// Written piece by piece, so that all that has arrived before a break is there to go on from.
	const file = await open(task.part, start > 0 ? "a" : "w");
	try {
		let bytes = start;
		for await (const chunk of response as AsyncIterable<Buffer>) {
			beat();
			await file.appendFile(chunk);
			bytes += chunk.length;
			task.onProgress(bytes, total);
		}
	} finally {
		await file.close();
	}
}

function continues(
	response: IncomingMessage,
	part: { readonly size: number; readonly validator: string | undefined },
): boolean {
	if (response.statusCode !== 206) return false;
	const [, from] = /^bytes (\d+)-/.exec(response.headers["content-range"] ?? "") ?? [];
	const validator = validatorOf(response);
	return Number(from) === part.size && (validator === undefined || validator === part.validator);
}

/** Only a strong ETag promises the same bytes; a date is the next best, as RFC 9110 (If-Range) allows. */
function validatorOf({ headers }: IncomingMessage): string | undefined {
	const { etag } = headers;
	return etag !== undefined && !etag.startsWith("W/") ? etag : headers["last-modified"];
}

function checkStatus({ url, hasChecksum }: Download, response: IncomingMessage, continued: boolean): void {
	const status = response.statusCode ?? 0;
	const page = /^text\/html\b/.test(response.headers["content-type"] ?? "") && !hasChecksum;
	if (status === (continued ? 206 : 200) && !page) return;
	response.resume();
	const answer = `${status} ${response.statusMessage ?? ""}`.trim();
	if (status === 404 || status === 410)
		throw new UserError(
			problem("not-found", `${shownUrl(url)} doesn't exist: the server answers ${answer}`, {
				hint: "check the url in the manifest",
			}),
		);
	if (status === 401 || status === 403)
		throw new UserError(
			problem("not-allowed", `${shownUrl(url)} is not for everybody: the server answers ${answer}`, {
				hint: "put user and password into the url as ((variables)), or give the path of a downloaded file",
			}),
		);
	if (page && status === 200)
		throw new UserError(
			problem("not-a-file", `${shownUrl(url)} answers with a web page, not with a file`, {
				hint: "a share that has ended answers so: open it in a browser; or give the path of a downloaded file",
			}),
		);
	if (status >= 500) throw new Error(`the server answers ${answer}`);
	throw new UserError(problem("download-failed", `${shownUrl(url)}: the server answers ${answer}`));
}

async function watchSilence(
	{ clock, silenceMs }: Download,
	pulse: { readonly at: number; readonly ended: boolean },
	silence: AbortController,
): Promise<void> {
	while (!pulse.ended) {
		const left = pulse.at + silenceMs - clock.monotonic();
		if (left <= 0) {
			silence.abort(new SilentStream(`no byte for ${Math.round(silenceMs / 1000)} s`));
			return;
		}
		await clock.sleep(left, silence.signal).catch(() => {});
	}
}

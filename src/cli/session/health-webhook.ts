import { problem, UserError, warning } from "../../errors.ts";
import type { DavitEvent } from "../../events.ts";
import type { CliContext } from "../command.ts";

/** Where what is told of health is posted, too. */
export interface HealthWebhook {
	/** Returns at once. */
	post(event: DavitEvent): void;
	/** Resolves when all is posted, or after a few seconds. */
	close(): Promise<void>;
}

/** Milliseconds for one answer. */
const ANSWER_MS = 5_000;
/** Events that wait; of more, the oldest are dropped. */
const MOST = 1_000;

/**
 * Posts events as JSON, one after the other. One that fails is not posted again; that it fails is told once, until one is taken again. Throws a
 * UserError (exit code 64) for what is no http URL.
 */
export function openWebhook(given: string, { emit }: Pick<CliContext, "emit">): HealthWebhook {
	const url = urlOf(given);
	const waiting: DavitEvent[] = [];
	const closing = new AbortController();
	let dropped = 0;
	let fails = false;
	let sending: Promise<void> | undefined;
	const tell = (why: string | undefined) => {
		if (why !== undefined && !fails)
			emit({
				type: "problem",
				problem: warning("webhook-fails", `the webhook at ${url.origin} does not take what is told: ${why}`, {
					hint: "watching and repairs go on; it is told here when it takes them again",
				}),
			});
		if (why === undefined && fails) {
			const lost = dropped > 0 ? `; ${dropped} events were lost` : "";
			emit({ type: "note", text: `the webhook at ${url.origin} takes what is told again${lost}` });
			dropped = 0;
		}
		fails = why !== undefined;
	};
	const send = async () => {
		for (let event = waiting.shift(); event && !closing.signal.aborted; event = waiting.shift()) {
			const why = await failureOf(url, event, closing.signal);
			if (why !== undefined) dropped += 1;
			tell(why);
		}
		sending = undefined;
	};
	return {
		post: (event) => {
			waiting.push(event);
			if (waiting.length > MOST) {
				waiting.shift();
				dropped += 1;
			}
			sending ??= send();
		},
		close: async () => {
			const late = setTimeout(() => closing.abort(), ANSWER_MS);
			await sending;
			clearTimeout(late);
		},
	};
}

function urlOf(given: string): URL {
	const url = URL.parse(given);
	if (url?.protocol === "http:" || url?.protocol === "https:") return url;
	throw new UserError(
		problem("bad-option", "--webhook: that is no http or https URL", { hint: "write --webhook https://HOST/PATH" }),
		{ exitCode: 64 },
	);
}

/** Why it was not taken; undefined: it was. An address may be a secret, and is not in the answer. */
async function failureOf(url: URL, event: DavitEvent, closing: AbortSignal): Promise<string | undefined> {
	try {
		const answer = await fetch(url, {
			method: "POST",
			headers: { "content-type": "application/json" },
			body: JSON.stringify(event),
			redirect: "error",
			signal: AbortSignal.any([closing, AbortSignal.timeout(ANSWER_MS)]),
		});
		await answer.body?.cancel();
		return answer.ok ? undefined : `status ${answer.status}`;
	} catch (error) {
		if (error instanceof DOMException && error.name === "TimeoutError") return `no answer within ${ANSWER_MS / 1000} s`;
		const { cause } = error as { cause?: NodeJS.ErrnoException };
		return cause?.code ?? "it can't be reached";
	}
}

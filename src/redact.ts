import type { DavitEvent } from "./events.ts";
import { encodingsOf } from "./redact-encodings.ts";

export type Redactor = (text: string) => string;

const replacement = "<redacted>";
/** Secrets, and pieces of their encodings, that are shorter than this would hide ordinary words. */
const shortest = 8;
const base = 31;
/** The weight of the first of `shortest` characters in their rolling hash. */
const firstWeight = Array.from({ length: shortest - 1 }).reduce<number>((weight) => Math.imul(weight, base), 1);
const slots = 1 << 16;

/**
 * Replaces each of the secrets, in clear and in usual encodings, with `<redacted>`; overlapping ones as one.
 * Secrets of less than 8 characters are left: they can only be redacted by position. Time is linear in the text.
 */
export function createRedactor(secrets: readonly string[]): Redactor {
	const { byStart, filter } = index(secrets.filter((secret) => secret.length >= shortest).flatMap(encodingsOf));
	if (byStart.size === 0) return (text) => text;
	return (text) => {
		let redacted = "";
		let hiddenTo = 0;
		let hash = hashOf(text);
		for (let at = 0; at + shortest <= text.length; at += 1) {
			if (filter[hash & (slots - 1)] === 1) {
				const end = at + longestAt(text, at, byStart);
				if (end > at && at >= hiddenTo) redacted += text.slice(hiddenTo, at) + replacement;
				hiddenTo = end > at ? Math.max(hiddenTo, end) : hiddenTo;
			}
			hash = Math.imul(hash - Math.imul(text.charCodeAt(at), firstWeight), base) + text.charCodeAt(at + shortest);
		}
		return redacted + text.slice(hiddenTo);
	};
}

/** The event with every text in it redacted, except its type. */
export function redactEvent(event: DavitEvent, redact: Redactor): DavitEvent {
	return { ...(redactAll(event, redact) as DavitEvent), type: event.type } as DavitEvent;
}

function redactAll(value: unknown, redact: Redactor): unknown {
	if (typeof value === "string") return redact(value);
	if (Array.isArray(value)) return value.map((item) => redactAll(item, redact));
	if (value === null || typeof value !== "object") return value;
	return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, redactAll(item, redact)]));
}

/** Needles by their first characters, longest first, and which hashes of such starts occur at all. */
function index(needles: readonly string[]) {
	const byStart = new Map<string, string[]>();
	const filter = new Uint8Array(slots);
	for (const needle of new Set(needles)) {
		if (needle.length < shortest) continue;
		const start = needle.slice(0, shortest);
		const same = byStart.get(start);
		if (same) same.push(needle);
		else byStart.set(start, [needle]);
		filter[hashOf(start) & (slots - 1)] = 1;
	}
	for (const same of byStart.values()) same.sort((a, b) => b.length - a.length);
	return { byStart, filter };
}

function hashOf(text: string): number {
	let hash = 0;
	for (let at = 0; at < shortest; at += 1) hash = Math.imul(hash, base) + text.charCodeAt(at);
	return hash;
}

function longestAt(text: string, at: number, byStart: ReadonlyMap<string, readonly string[]>): number {
	const same = byStart.get(text.slice(at, at + shortest));
	return same?.find((needle) => text.startsWith(needle, at))?.length ?? 0;
}

import { escapeKey, unescapeKey } from "./path.ts";

/** One step of an ops file path (github.com/cppforlife/go-patch). `optional` carries right from the first `?`. */
export type Token =
	| { readonly type: "key"; readonly key: string; readonly optional: boolean }
	| { readonly type: "index"; readonly index: number; readonly modifiers: readonly Modifier[] }
	| {
			readonly type: "match";
			readonly key: string;
			readonly value: string;
			readonly optional: boolean;
			readonly modifiers: readonly Modifier[];
	  }
	| { readonly type: "append" };

export type Modifier = "prev" | "next" | "before" | "after";

/** The path that can't be read, and why. */
export class PointerError extends Error {
	override readonly name = "PointerError";
	readonly hint = "a path is written such as /instance_groups/name=web/jobs/0/properties/port?";
}

const MODIFIERS: readonly string[] = ["prev", "next", "before", "after"];

/**
 * Reads an ops file path: `/key`, `/key?`, `/0`, `/-1`, `/-`, `/name=value`, each list step with `:prev :next :before :after`;
 * `~0 ~1 ~7` stand for `~ / :`. The empty text is the whole document.
 * @throws PointerError saying what is wrong.
 */
export function parsePointer(path: string): readonly Token[] {
	if (path === "") return [];
	if (!path.startsWith("/")) throw new PointerError('a path begins with "/"');
	let optional = false;
	return path
		.slice(1)
		.split("/")
		.map((text, position, all) => {
			const [head = "", ...rest] = text.split(":");
			const modifiers = rest.map(readModifier);
			const part = unescapeKey(head);
			optional ||= part.endsWith("?") && !isIndex(part);
			return readToken(part, modifiers, optional, position === all.length - 1);
		});
}

function readModifier(text: string): Modifier {
	if (MODIFIERS.includes(text)) return text as Modifier;
	throw new PointerError(`":${text}" is no modifier (:prev, :next, :before, :after); a colon in a key is written ~7`);
}

function readToken(part: string, modifiers: readonly Modifier[], optional: boolean, last: boolean): Token {
	if (last && part === "-") {
		if (modifiers.length > 0) throw new PointerError('"-" (the end of a list) takes no modifier');
		return { type: "append" };
	}
	if (isIndex(part)) return { type: "index", index: Number(part), modifiers };
	const equals = part.indexOf("=");
	if (equals >= 0) {
		const value = part.slice(equals + 1).replace(/\?$/, "");
		return { type: "match", key: part.slice(0, equals), value, optional, modifiers };
	}
	if (modifiers.length > 0)
		throw new PointerError(`":${modifiers[0]}" stands after a key; it moves within a list only`);
	return { type: "key", key: part.replace(/\?$/, ""), optional };
}

function isIndex(part: string): boolean {
	return /^[-+]?\d+$/.test(part);
}

/** The path of some tokens, as go-patch writes it: `?` once. */
export function formatPointer(tokens: readonly Token[]): string {
	let marked = false;
	const mark = (optional: boolean) => {
		const text = optional && !marked ? "?" : "";
		marked ||= optional;
		return text;
	};
	return tokens
		.map((token) => {
			if (token.type === "append") return "/-";
			if (token.type === "key") return `/${escapeKey(token.key)}${mark(token.optional)}`;
			const modifiers = token.modifiers.map((modifier) => `:${modifier}`).join("");
			if (token.type === "index") return `/${token.index}${modifiers}`;
			return `/${escapeKey(token.key)}=${escapeKey(token.value)}${mark(token.optional)}${modifiers}`;
		})
		.join("");
}

import type { Token } from "./monit-tokens.ts";

/** monit skips these words wherever they stand, so that its files read like English. */
const NOISE = new Set(
	"is as are for on only with within without program programs and has using use the sum than usage was times but of does".split(
		" ",
	),
);

/** What is wrong at a line; the parser goes on with the next statement. */
export class MonitSyntax extends Error {
	readonly line: number;
	readonly hint: string;

	constructor(line: number, message: string, hint: string) {
		super(message);
		this.line = line;
		this.hint = hint;
	}
}

/** Reads words one after the other. Keywords come in lower case. */
export interface Reader {
	readonly position: () => number;
	readonly line: () => number;
	/** The next word that is no noise, not taken; "" at the end. Quoted text is never a keyword, so it gives "". */
	readonly peek: () => string;
	/** Takes the next word if it is one of these keywords. */
	readonly accept: (...keywords: readonly string[]) => string | undefined;
	readonly expect: (...keywords: readonly string[]) => string;
	/** The next word as it is written; with `raw`, noise words count as well (names may be one). */
	readonly word: (what: string, options?: { readonly raw: boolean }) => string;
	readonly number: (what: string) => number;
	/** True if a word of that form follows, such as a path or a number. */
	readonly follows: (form: RegExp | "quoted") => boolean;
	/** True if the next word goes on a comma-separated list. */
	readonly afterComma: () => boolean;
	readonly atEnd: () => boolean;
	/** True if the next word is the first one of its line. */
	readonly atLineStart: () => boolean;
	readonly skip: () => void;
}

export function monitReader(tokens: readonly Token[]): Reader {
	let index = 0;
	const isNoise = (token: Token) => !token.quoted && NOISE.has(token.text.toLowerCase());
	const next = (): Token | undefined => {
		for (let token = tokens[index]; token && isNoise(token); token = tokens[index]) index += 1;
		return tokens[index];
	};
	const keyword = () => {
		const token = next();
		return token && !token.quoted ? token.text.toLowerCase() : "";
	};
	const line = () => (tokens[index] ?? tokens.at(-1))?.line ?? 1;
	const fail = (what: string): never => {
		const token = tokens[index];
		const found = token ? `${JSON.stringify(token.text)} stands` : "the file ends";
		throw new MonitSyntax(line(), `${found} where ${what} should`, "see monit's manual for the statement's form");
	};
	const accept: Reader["accept"] = (...keywords) => {
		const text = keyword();
		if (!keywords.includes(text)) return undefined;
		index += 1;
		return text;
	};
	const word: Reader["word"] = (what, options) => {
		const token = options?.raw ? tokens[index] : next();
		if (!token) return fail(what);
		index += 1;
		return token.text;
	};
	return {
		position: () => index,
		line,
		peek: keyword,
		accept,
		expect: (...keywords) => accept(...keywords) ?? fail(keywords.map((text) => `\`${text}\``).join(" or ")),
		word,
		number: (what) => (/^\d+(\.\d+)?$/.test(next()?.text ?? "") ? Number(word(what)) : fail(what)),
		follows: (form) => {
			const token = next();
			return token !== undefined && (form === "quoted" ? token.quoted : form.test(token.text));
		},
		afterComma: () => tokens[index]?.afterComma === true,
		atEnd: () => next() === undefined,
		atLineStart: () => next()?.line !== tokens[index - 1]?.line,
		skip: () => {
			index += 1;
		},
	};
}

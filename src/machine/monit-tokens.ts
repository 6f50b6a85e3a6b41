/** One word of a monit file. Quoted text is never a keyword. */
export interface Token {
	readonly text: string;
	readonly line: number;
	readonly quoted: boolean;
	/** A comma stands before it: it goes on a list. */
	readonly afterComma: boolean;
}

export interface Tokens {
	readonly tokens: readonly Token[];
	/** Line of a quote that is never closed. */
	readonly unclosedQuote?: number;
}

/** Blank for monit: `;`, `,` and parentheses too. A `#` begins a comment only where a word could begin. */
const PATTERN = /[\s;,()]+|#[^\n]*|"([^"]*)"|'([^']*)'|[%{}]|[<>=!]=|[<>=]|[^\s;,()"'%{}]+|./gu;

/** The words of a monit file, as monit's own lexer splits them, more leniently where it wants a blank (`500MB`, `>80%`). */
export function monitTokens(text: string): Tokens {
	const tokens: Token[] = [];
	let line = 1;
	let afterComma = false;
	for (const match of text.matchAll(PATTERN)) {
		const [whole] = match;
		const quotedText = match[1] ?? match[2];
		if (quotedText === undefined && (whole === '"' || whole === "'")) return { tokens, unclosedQuote: line };
		if (/^[\s;,()#]/.test(whole)) afterComma ||= whole.includes(",") && !whole.startsWith("#");
		else {
			const number = /^(\d+(?:\.\d+)?)(b|kb|mb|gb|k|m|g|s|seconds?|cycles?)$/i.exec(whole);
			for (const part of number ? [number[1] ?? "", number[2] ?? ""] : [quotedText ?? whole]) {
				tokens.push({ text: part, line, quoted: quotedText !== undefined, afterComma });
				afterComma = false;
			}
		}
		line += whole.split("\n").length - 1;
	}
	return { tokens };
}

import { type Document, type ErrorCode, visit, type YAMLParseError } from "yaml";
import { type Place, type Problem, problem } from "../errors.ts";

const EXPLANATIONS: Partial<Record<ErrorCode, { readonly expected: string; readonly hint: string }>> = {
	TAB_AS_INDENT: { expected: "spaces, not a tab, before the first word of a line", hint: "replace the tab by spaces" },
	BAD_INDENT: {
		expected: "deeper lines inside [ ] or { } than the key that they belong to",
		hint: "indent these lines, and close every [ and {",
	},
	BLOCK_AS_IMPLICIT_KEY: {
		expected: "one key and one value on a line",
		hint: 'put a value that contains ": " in quotes, or indent the line that belongs below',
	},
	MULTILINE_IMPLICIT_KEY: {
		expected: 'a key followed by ":" on one line',
		hint: 'add the missing ":" after the key, or put the text in quotes',
	},
	MISSING_CHAR: {
		expected: "a closing quote, a comma, or a space after the indicator",
		hint: "close the quote or bracket that is open here or above",
	},
	BAD_SCALAR_START: {
		expected: "a value that does not begin with @, ` or %",
		hint: "put the value in quotes",
	},
	BAD_DQ_ESCAPE: {
		expected: "an escape that YAML knows, such as \\n or \\\\",
		hint: "use single quotes, or double the backslash",
	},
	UNEXPECTED_TOKEN: {
		expected: "a key, a list item or the end of the file",
		hint: "check the indentation of this line and of the one above",
	},
	BAD_ALIAS: { expected: "the name of an anchor after *", hint: "put a text that begins with * or & in quotes" },
	BLOCK_IN_FLOW: { expected: "a value or a closing bracket", hint: "close the [ or { above" },
	MULTIPLE_ANCHORS: { expected: "one anchor for a value", hint: "remove one of the two" },
};

/** A syntax error of the `yaml` package, said for people: what stands here, what was expected, what to do. */
export function explainSyntaxError(
	error: YAMLParseError,
	{ document, text, placeOf }: { document: Document; text: string; placeOf: (offset: number) => Place },
): Problem {
	const opened = openQuote(error, document);
	if (opened !== undefined) {
		const hint = "close it where the value ends; if it belongs to the value, put other quotes around";
		return problem("yaml-syntax", "this is no YAML: the quote that opens here is not closed", {
			place: placeOf(opened),
			hint,
		});
	}
	const place = placeOf(Math.min(error.pos[0], text.length));
	const { expected, hint } = EXPLANATIONS[error.code] ?? {
		expected: "other YAML",
		hint: "compare with a manifest that works",
	};
	// Some messages end in the text that stands there, which may be a secret.
	const detail = error.message.charAt(0).toLowerCase() + error.message.slice(1).replace(/: ".*$/s, "");
	return problem("yaml-syntax", `this is no YAML: ${detail}; expected ${expected}`, { place, hint });
}

/** Where the quoted text begins that lacks its end: the `yaml` package tells the end of what it swallowed, often that of the file. */
function openQuote(error: YAMLParseError, document: Document): number | undefined {
	if (error.code !== "MISSING_CHAR" || !/^Missing closing ["']/.test(error.message)) return undefined;
	let opened: number | undefined;
	visit(document, {
		Scalar: (_, { type, range }) => {
			if (type?.startsWith("QUOTE") && range?.[1] === error.pos[0]) opened = range[0];
		},
	});
	return opened;
}

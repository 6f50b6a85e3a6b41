import { LineCounter, type ParsedNode, parseDocument, type ScalarTag } from "yaml";
import { type Problem, problem, UserError } from "../errors.ts";

/** YAML whose scalars stay the text they were written as: a version `1.10`, a fingerprint that looks like a number. */
export type Texts = string | readonly Texts[] | { readonly [key: string]: Texts };
export type TextMap = { readonly [key: string]: Texts };

/**
 * Reads a file of which only texts, lists and maps matter (`release.MF`, package specs, indexes), as BOSH reads them into string
 * fields. Tolerates duplicate keys (the last wins) and Ruby's `!binary`. Throws a UserError with the place of the first fault.
 */
export function parseTexts(text: string, file: string): Texts {
	const lines = new LineCounter();
	const document = parseDocument<ParsedNode>(text, {
		schema: "failsafe",
		uniqueKeys: false,
		merge: true,
		customTags: [binary("!binary"), binary("tag:yaml.org,2002:binary")],
		lineCounter: lines,
		prettyErrors: false,
		logLevel: "silent",
	});
	const fault = document.errors[0];
	if (!fault) return (document.toJS() ?? "") as Texts;
	const { line, col } = lines.linePos(fault.pos[0]);
	throw new UserError(
		problem("bad-yaml", `${file}:${line}:${col}: ${fault.message}`, { place: { file, line, column: col } }),
	);
}

/** The map, or an empty one with a problem if something else stands there. Nothing (an empty file, `~`) is an empty map. */
export function textMap(value: Texts | undefined, where: string, problems: Problem[]): TextMap {
	if (typeof value === "object" && !Array.isArray(value)) return value as TextMap;
	if (!isNothing(value)) problems.push(problem("bad-release", `${where}: expected a map`));
	return {};
}

/** The list's texts, or an empty list with a problem if something else stands there. */
export function textList(value: Texts | undefined, where: string, problems: Problem[]): readonly string[] {
	if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value as readonly string[];
	if (!isNothing(value)) problems.push(problem("bad-release", `${where}: expected a list of texts`));
	return [];
}

/** The text; undefined for nothing, and for anything else with a problem. */
export function textOf(value: Texts | undefined, where: string, problems: Problem[]): string | undefined {
	if (isNothing(value)) return undefined;
	if (typeof value === "string") return value;
	problems.push(problem("bad-release", `${where}: expected a text`));
	return undefined;
}

/** yaml.v2's words for true. */
export function isTrue(value: Texts | undefined): boolean {
	return typeof value === "string" && /^(y|yes|true|on)$/i.test(value);
}

function isNothing(value: Texts | undefined): value is undefined | "" | "~" | "null" {
	return value === undefined || value === "" || value === "~" || value === "null";
}

function binary(tag: string): ScalarTag {
	return { tag, resolve: (text) => Buffer.from(text, "base64").toString("utf8") };
}

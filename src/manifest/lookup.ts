import { type Place, type Problem, problem } from "../errors.ts";
import { findNode } from "./find.ts";
import type { Node } from "./node.ts";
import { PathError } from "./path-error.ts";
import { PointerError, parsePointer, type Token } from "./pointer.ts";

/** `((name))`, `((!name))`, `(( name ))`: word characters, letters of any script, `-`, `/` and `.`. Group 1 is the inside. */
export const REFERENCE = /\(\( ?(!?[-/.\w\p{L}]+) ?\)\)/gu;

/** What a reference finds: a value, nothing (it stays as it is), or a reason why it can't be told. */
export type Found = { readonly value: Node } | { readonly missing: true } | { readonly problem: Problem };

/** Finds the value of a variable; `rest` are the parts behind the dots. */
export type Lookup = (name: string, rest: readonly string[], place: Place) => Found;

/** `!a.b.c` as the variable `a` and the way `b`, `c` into its value. */
export function parseReference(written: string): { readonly name: string; readonly rest: readonly string[] } {
	const [name = "", ...rest] = written.replace(/^!/, "").split(".");
	return { name, rest };
}

/**
 * Walks into a variable's value: keys, and indexes where there is a list.
 * A part that is not there is an error, unlike a variable that is not there.
 */
export function walkInto(value: Node, name: string, rest: readonly string[], place: Place): Found {
	if (rest.length === 0) return { value };
	try {
		return { value: walk(value, parsePointer(`/${rest.join("/")}`)) };
	} catch (error) {
		if (!(error instanceof PathError || error instanceof PointerError)) throw error;
		const { hint } = error instanceof PathError ? error : { hint: "name a part that the value has" };
		const message = `((${[name, ...rest].join(".")})): the variable "${name}" has a value, but not this part of it: ${error.message}`;
		return { problem: problem("variable-part", message, { place, hint }) };
	}
}

/** `((v.0))` means the first item of a list, or the key "0" of a map. */
function walk(value: Node, tokens: readonly Token[]): Node {
	try {
		return findNode(value, tokens);
	} catch (error) {
		if (!(error instanceof PathError) || !tokens.some(({ type }) => type === "index")) throw error;
		return findNode(
			value,
			tokens.map((token) =>
				token.type === "index" ? { type: "key", key: String(token.index), optional: false } : token,
			),
		);
	}
}

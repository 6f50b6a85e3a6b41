import { entryOf, type ListNode } from "./node.ts";
import { PathError } from "./path-error.ts";
import { formatPointer, type Modifier, type Token } from "./pointer.ts";

export type ListToken = Extract<Token, { readonly type: "index" | "match" }>;

/** Indexes of the maps in a list that a `name=value` token means. Only texts match. */
export function matches(list: ListNode, token: Extract<Token, { readonly type: "match" }>): readonly number[] {
	return list.items.flatMap((item, index) => {
		const found = entryOf(item, token.key)?.value;
		return found?.kind === "scalar" && found.value === token.value ? [index] : [];
	});
}

/** The one index that a token means, `:prev` and `:next` applied; below 0 it counts from the end, so `/0:prev` is the last item. */
export function positionOf(
	list: ListNode,
	token: ListToken,
	at: readonly Token[],
	modifiers = token.modifiers,
): number {
	const index = modifiers.reduce((position, modifier) => position + shift(modifier, at), onlyIndex(list, token, at));
	const length = list.items.length;
	if (index >= length || index < -length) throw PathError.outside(index, length, at);
	return index < 0 ? length + index : index;
}

function onlyIndex(list: ListNode, token: ListToken, at: readonly Token[]): number {
	if (token.type === "index") return token.index;
	const [index, ...more] = matches(list, token);
	if (index === undefined || more.length > 0)
		throw PathError.ambiguous(list, token, index === undefined ? 0 : more.length + 1, at);
	return index;
}

function shift(modifier: Modifier, at: readonly Token[]): number {
	if (modifier === "prev") return -1;
	if (modifier === "next") return 1;
	const message = `":${modifier}" may stand only at the end of a replace path`;
	throw new PathError("modifier", message, at, ":prev and :next may stand here");
}

/** Where a replace puts its value: instead of an item, or between items (`:before`, `:after`). */
export function insertionOf(
	list: ListNode,
	token: ListToken,
	at: readonly Token[],
): { readonly index: number; readonly insert: boolean } {
	const side = token.modifiers.findIndex((modifier) => modifier === "before" || modifier === "after");
	if (side === -1) return { index: positionOf(list, token, at), insert: false };
	if (side !== token.modifiers.length - 1) {
		throw new PathError(
			"modifier",
			`nothing may stand behind ":${token.modifiers[side]}" in "${formatPointer(at)}"`,
			at,
			"write :prev and :next before it",
		);
	}
	const index = positionOf(list, token, at, token.modifiers.slice(0, -1));
	return { index: token.modifiers[side] === "after" ? index + 1 : index, insert: true };
}

import { nearest, suggest } from "./nearest.ts";
import { entryOf, type ListNode, type MapNode, type Node, scalarText } from "./node.ts";
import { formatPointer, type Token } from "./pointer.ts";

/** A path that leads nowhere: the token that failed, and what stands there instead. */
export class PathError extends Error {
	override readonly name = "PathError";
	readonly kind: "missing-key" | "missing-index" | "ambiguous" | "mismatch" | "modifier" | "token";
	/** The tokens up to the one that failed. */
	readonly at: readonly Token[];
	/** What to write instead. */
	readonly hint: string;

	constructor(kind: PathError["kind"], message: string, at: readonly Token[], hint: string) {
		super(message);
		this.kind = kind;
		this.at = at;
		this.hint = hint;
	}

	static missingKey(map: MapNode, key: string, at: readonly Token[]): PathError {
		const keys = [...map.entries.values()].map((entry) => scalarText(entry.key));
		const there =
			keys.length === 0 ? "the map there is empty" : `keys there: ${keys.map((name) => `"${name}"`).join(", ")}`;
		const guess = nearest(key, keys);
		const hint = `${guess === undefined ? "" : `did you mean "${guess}"? `}A key that may be missing is written "${key}?"`;
		return new PathError("missing-key", `no key "${key}" at "${formatPointer(at)}"; ${there}`, at, hint);
	}

	static append(at: readonly Token[]): PathError {
		const message = `"-" stands for a new item, so nothing can be found at "${formatPointer(at)}"`;
		return new PathError("token", message, at, "the last item is /-1");
	}

	static mismatch(expected: "a map" | "a list", found: Node, at: readonly Token[]): PathError {
		const there = found.kind === "list" ? `a list of ${found.items.length} items` : describe(found);
		const hint =
			found.kind === "list"
				? "name one item: /0, /-1 (the last) or /name=value; there are no wildcards"
				: found.kind === "map"
					? "name a key of the map; an index or name=value works on lists only"
					: "nothing can stand below this: end the path before it";
		return new PathError(
			"mismatch",
			`expected ${expected} for "${formatPointer(at)}", but ${there} stands there`,
			at,
			hint,
		);
	}

	static outside(index: number, length: number, at: readonly Token[]): PathError {
		const message = `index ${index} at "${formatPointer(at)}" is outside the list, whose length is ${length}`;
		return new PathError("missing-index", message, at, "the end of a list is written /-");
	}

	static ambiguous(
		list: ListNode,
		token: { key: string; value: string },
		found: number,
		at: readonly Token[],
	): PathError {
		const what = `"${token.key}=${token.value}"`;
		const names = token.key === "name" ? list.items.flatMap((item) => textOf(entryOf(item, "name")?.value)) : [];
		if (found > 1) {
			const message = `${what} at "${formatPointer(at)}" matches ${found} items, but must match exactly one`;
			return new PathError("ambiguous", message, at, "use an index such as /0 instead");
		}
		const hint =
			names.length > 0 ? suggest(token.value, names) : `an item that may be missing is written ${what.slice(1, -1)}?`;
		return new PathError("ambiguous", `${what} at "${formatPointer(at)}" matches no item of the list`, at, hint);
	}
}

function describe(node: Node): string {
	if (node.kind !== "scalar") return `a ${node.kind}`;
	return node.value === null ? "null" : typeof node.value === "string" ? "a text" : `a ${typeof node.value}`;
}

function textOf(node: Node | undefined): string[] {
	return node?.kind === "scalar" && typeof node.value === "string" ? [node.value] : [];
}

import { type Problem, problem, UserError } from "../errors.ts";
import { findNode, newItem } from "./find.ts";
import { insertionOf, matches, positionOf } from "./list-position.ts";
import { entryOf, type ListNode, type MapNode, type Node, type ScalarNode, sameNode } from "./node.ts";
import type { Operation } from "./ops-file.ts";
import { PathError } from "./path-error.ts";
import { formatPointer, type Token } from "./pointer.ts";

/**
 * Applies operations one after another (go-patch).
 * @throws UserError at the first that fails, naming its ops file, index, path, the token that failed and what stands there instead.
 */
export function applyOperations(root: Node, operations: readonly Operation[]): Node {
	return operations.reduce((node, operation) => {
		try {
			return applyOperation(node, operation);
		} catch (error) {
			if (error instanceof PathError) throw new UserError(failed(operation, error), { cause: error });
			throw error;
		}
	}, root);
}

function failed({ type, pathText, index, place }: Operation, error: PathError): Problem {
	const message = `operation ${index} (${type} ${pathText === "" ? '""' : pathText}): ${error.message}`;
	return problem("ops", message, { place, hint: error.hint });
}

function applyOperation(root: Node, operation: Operation): Node {
	const { type, path, value, absent } = operation;
	if (type === "replace") return replace(root, path, 0, value as Node);
	if (type === "remove") {
		if (path.length === 0)
			throw new PathError(
				"token",
				"the whole document can't be removed",
				path,
				'replace it: {type: replace, path: "", value: …}',
			);
		return remove(root, path, 0);
	}
	if (absent) assertAbsent(root, path);
	else if (!sameNode(findNode(root, path), value ?? NULL)) {
		throw new PathError("mismatch", "the value there differs from the one that the test expects", path, OTHER_MANIFEST);
	}
	return root;
}

const OTHER_MANIFEST =
	"the ops file is for another version of the manifest, or an operation before this one changed it";

/** What a test with only `absent: false` compares with, as in go-patch. */
const NULL: Node = { kind: "scalar", value: null, place: {} };

function assertAbsent(root: Node, path: readonly Token[]): void {
	try {
		findNode(root, path);
	} catch (error) {
		const missing = error instanceof PathError && (error.kind === "missing-key" || error.kind === "missing-index");
		if (missing && error.at.length === path.length) return;
		throw error;
	}
	throw new PathError("mismatch", "something stands there, but the test expects nothing", path, OTHER_MANIFEST);
}

function replace(node: Node, path: readonly Token[], position: number, value: Node): Node {
	const token = path[position];
	if (!token) return value;
	const at = path.slice(0, position + 1);
	if (token.type === "key") {
		if (node.kind !== "map") throw PathError.mismatch("a map", node, at);
		const child = entryOf(node, token.key)?.value ?? newChild(node, token, at, path[position + 1]);
		return withKey(node, token.key, replace(child, path, position + 1, value), value);
	}
	if (node.kind !== "list") throw PathError.mismatch("a list", node, at);
	const last = position === path.length - 1;
	if (token.type === "append") return splice(node, node.items.length, 0, value);
	if (token.type === "match" && token.optional && matches(node, token).length === 0) {
		const item = last ? value : replace(newItem(token, value.place), path, position + 1, value);
		return splice(node, node.items.length, 0, item);
	}
	if (last) {
		const { index, insert } = insertionOf(node, token, at);
		return splice(node, index, insert ? 0 : 1, value);
	}
	const index = positionOf(node, token, at);
	return splice(node, index, 1, replace(node.items[index] as Node, path, position + 1, value));
}

/** What a missing key becomes before the rest of the path is followed. */
function newChild(
	map: MapNode,
	token: Extract<Token, { readonly type: "key" }>,
	at: readonly Token[],
	next: Token | undefined,
): Node {
	if (!token.optional) throw PathError.missingKey(map, token.key, at);
	if (!next || next.type === "key") return { kind: "map", entries: new Map(), place: map.place };
	if (next.type !== "index") return { kind: "list", items: [], place: map.place };
	const message = `"${formatPointer([...at, next])}" names an item of a list that does not exist`;
	throw new PathError("token", message, at, "append to the new list with /-");
}

function remove(node: Node, path: readonly Token[], position: number): Node {
	const token = path[position] as Token;
	const at = path.slice(0, position + 1);
	const last = position === path.length - 1;
	if (token.type === "append") {
		throw new PathError(
			"token",
			'"-" stands for a new item, so there is nothing to remove',
			at,
			"the last item is /-1",
		);
	}
	if (token.type === "key") {
		if (node.kind !== "map") throw PathError.mismatch("a map", node, at);
		const child = entryOf(node, token.key)?.value;
		if (!child && !token.optional) throw PathError.missingKey(node, token.key, at);
		if (!child) return node;
		return last ? withoutKey(node, token.key) : withKey(node, token.key, remove(child, path, position + 1), child);
	}
	if (node.kind !== "list") throw PathError.mismatch("a list", node, at);
	if (token.type === "match" && token.optional && matches(node, token).length === 0) return node;
	const index = positionOf(node, token, at);
	return last ? splice(node, index, 1) : splice(node, index, 1, remove(node.items[index] as Node, path, position + 1));
}

function splice(list: ListNode, index: number, count: number, ...items: readonly Node[]): ListNode {
	return { ...list, items: list.items.toSpliced(index, count, ...items) };
}

/** A new key counts as written where `from` is. */
function withKey(map: MapNode, name: string, value: Node, from: Node): MapNode {
	const key: ScalarNode = entryOf(map, name)?.key ?? { kind: "scalar", value: name, place: from.place };
	return { ...map, entries: new Map(map.entries).set(`"${name}`, { key, value }) };
}

function withoutKey(map: MapNode, name: string): MapNode {
	const entries = new Map(map.entries);
	entries.delete(`"${name}`);
	return { ...map, entries };
}

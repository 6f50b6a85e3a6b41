import { problem, UserError } from "../errors.ts";
import { matches, positionOf } from "./list-position.ts";
import { entryOf, type Node, type ScalarNode } from "./node.ts";
import { PathError } from "./path-error.ts";
import { formatPointer, PointerError, parsePointer, type Token } from "./pointer.ts";

/**
 * What stands at a path (go-patch's FindOp). A missing optional key is null at the end of the path, else what the next token needs.
 * @throws PathError where the path leads nowhere.
 */
export function findNode(root: Node, tokens: readonly Token[]): Node {
	return tokens.reduce((node, token, position) => {
		const at = tokens.slice(0, position + 1);
		if (token.type === "append") throw PathError.append(at);
		return token.type === "key" ? findKey(node, token, at, tokens[position + 1]) : findItem(node, token, at);
	}, root);
}

function findKey(
	node: Node,
	token: Extract<Token, { readonly type: "key" }>,
	at: readonly Token[],
	next: Token | undefined,
): Node {
	if (node.kind !== "map") throw PathError.mismatch("a map", node, at);
	const entry = entryOf(node, token.key);
	if (entry) return entry.value;
	if (!token.optional) throw PathError.missingKey(node, token.key, at);
	if (!next) return { kind: "scalar", value: null, place: node.place };
	if (next.type === "key") return { kind: "map", entries: new Map(), place: node.place };
	if (next.type === "match") return { kind: "list", items: [], place: node.place };
	const message = `"${formatPointer([...at, next])}" finds nothing: the key before it is missing`;
	throw new PathError("token", message, at, `end the path at "${token.key}?"`);
}

function findItem(node: Node, token: Extract<Token, { readonly type: "index" | "match" }>, at: readonly Token[]): Node {
	if (node.kind !== "list") throw PathError.mismatch("a list", node, at);
	if (token.type === "match" && token.optional && matches(node, token).length === 0) return newItem(token, node.place);
	return node.items[positionOf(node, token, at)] as Node;
}

/** The map that `name=value?` makes where there is none. */
export function newItem(token: { readonly key: string; readonly value: string }, place: Node["place"]): Node {
	const key: ScalarNode = { kind: "scalar", value: token.key, place };
	const value: ScalarNode = { kind: "scalar", value: token.value, place };
	return { kind: "map", entries: new Map([[`"${token.key}`, { key, value }]]), place };
}

/**
 * What `--path` selects.
 * @throws UserError saying which part of the path fails and what stands there.
 */
export function selectNode(root: Node, path: string): Node {
	return withPath("--path", path, (tokens) => findNode(root, tokens));
}

/** Reads the path that an option gives. What is wrong with it, or with following it, is the user's problem. */
export function withPath<T>(option: string, path: string, follow: (tokens: readonly Token[]) => T): T {
	try {
		return follow(parsePointer(path));
	} catch (error) {
		if (!(error instanceof PathError || error instanceof PointerError)) throw error;
		const { message, hint } = error;
		throw new UserError(problem("path", `${option} ${path}: ${message}`, { hint }), { cause: error });
	}
}

import { matches, positionOf } from "./list-position.ts";
import { entryOf, type Node, scalarText } from "./node.ts";
import { escapeKey } from "./path.ts";
import { PathError } from "./path-error.ts";
import type { Token } from "./pointer.ts";

/** A way into one tree, without `name=value` or `-1`: an index of a list, or a map's key by its `keyId`. */
export type Step = string | number;

/** What stands one step below a node. */
export function childOf(node: Node | undefined, step: Step): Node | undefined {
	if (node?.kind === "list") return typeof step === "number" ? node.items[step] : undefined;
	if (node?.kind === "map") return typeof step === "string" ? node.entries.get(step)?.value : undefined;
	return undefined;
}

/** What stands at some steps. */
export function nodeAtSteps(root: Node | undefined, steps: readonly Step[]): Node | undefined {
	return steps.reduce(childOf, root);
}

/** True if the steps lead to `above` or through it. */
export function leadsThrough(steps: readonly Step[], above: readonly Step[]): boolean {
	return above.every((step, index) => steps[index] === step);
}

/**
 * The steps that a path means in a tree. `?` makes nothing here: what is not there is not there.
 * @throws PathError where the path leads nowhere.
 */
export function stepsOf(root: Node, tokens: readonly Token[]): readonly Step[] {
	const steps: Step[] = [];
	let node = root;
	for (const [position, token] of tokens.entries()) {
		const at = tokens.slice(0, position + 1);
		if (token.type === "append") throw PathError.append(at);
		if (token.type === "key") {
			if (node.kind !== "map") throw PathError.mismatch("a map", node, at);
			const entry = entryOf(node, token.key);
			if (!entry) throw PathError.missingKey(node, token.key, at);
			steps.push(`"${token.key}`);
			node = entry.value;
		} else {
			if (node.kind !== "list") throw PathError.mismatch("a list", node, at);
			const index = positionOf(node, token, at);
			steps.push(index);
			node = node.items[index] as Node;
		}
	}
	return steps;
}

/** Steps as a path for people: items go by their name where one has it to itself. */
export function formatSteps(root: Node | undefined, steps: readonly Step[]): string {
	let node = root;
	return steps
		.map((step) => {
			const above = node;
			node = childOf(node, step);
			if (typeof step === "number") return `/${itemName(above, node) ?? step}`;
			const key = above?.kind === "map" ? above.entries.get(step)?.key : undefined;
			return `/${escapeKey(key ? scalarText(key) : step.replace(/^"/, ""))}`;
		})
		.join("");
}

function itemName(list: Node | undefined, item: Node | undefined): string | undefined {
	const name = entryOf(item, "name")?.value;
	if (list?.kind !== "list" || name?.kind !== "scalar" || typeof name.value !== "string") return undefined;
	const token = { type: "match", key: "name", value: name.value, optional: false, modifiers: [] } as const;
	return matches(list, token).length === 1 ? `name=${escapeKey(name.value)}` : undefined;
}

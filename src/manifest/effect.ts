import { insertionOf, matches, positionOf } from "./list-position.ts";
import { entryOf, type Node } from "./node.ts";
import type { Operation } from "./ops-file.ts";
import type { Token } from "./pointer.ts";
import { leadsThrough, type Step } from "./steps.ts";

/** What an operation that succeeds does to a tree. */
export interface Effect {
	readonly did: "put" | "added" | "inserted" | "removed";
	/** Where; of a path with `?` the first thing that was not there. */
	readonly at: readonly Step[];
	/** Where the operation's value stands afterwards: `at`, or below it. */
	readonly target: readonly Step[];
}

/** What becomes of one spot in an operation, seen from after it. */
export interface Before {
	/** Where the same thing stood before; absent if the operation brought it. */
	readonly steps?: readonly Step[];
	/** The operation put the thing itself, or something that it is a part of. */
	readonly made: boolean;
	/** The operation changed something below it: these are the steps from the spot to there. */
	readonly inside?: readonly Step[];
}

/** The effect of an operation on the tree that it succeeds on; undefined if it changes nothing. */
export function effectOf(root: Node, { type, path }: Operation): Effect | undefined {
	if (type === "test") return undefined;
	const removes = type === "remove";
	const at: Step[] = [];
	let node: Node | undefined = root;
	for (const [position, token] of path.entries()) {
		const rest = path.slice(position + 1);
		if (token.type === "key") {
			const child: Node | undefined = entryOf(node, token.key)?.value;
			at.push(`"${token.key}`);
			if (!child) return removes ? undefined : { did: "added", at, target: [...at, ...madeBy(rest)] };
			node = child;
			continue;
		}
		if (node?.kind !== "list") return undefined;
		if (token.type === "append" || (token.type === "match" && token.optional && matches(node, token).length === 0)) {
			at.push(node.items.length);
			return removes ? undefined : { did: "inserted", at, target: [...at, ...madeBy(rest)] };
		}
		if (rest.length === 0 && !removes) {
			const { index, insert } = insertionOf(node, token, path);
			at.push(index);
			return { did: insert ? "inserted" : "put", at, target: at };
		}
		const index = positionOf(node, token, path);
		at.push(index);
		node = node.items[index];
	}
	return { did: removes ? "removed" : "put", at, target: at };
}

/** The way through what a path makes: each new list has one item. */
function madeBy(tokens: readonly Token[]): readonly Step[] {
	return tokens.map((token) => (token.type === "key" ? `"${token.key}` : 0));
}

/** Where the thing at `steps` stood before an effect, and what the effect was to it. */
export function beforeEffect({ did, at }: Pick<Effect, "did" | "at">, steps: readonly Step[]): Before {
	const parent = at.slice(0, -1);
	const made = did !== "removed" && leadsThrough(steps, at);
	if (made) {
		// Below what was put, the same index of another list is another thing.
		const same = did === "put" && steps.slice(at.length).every((step) => typeof step === "string");
		return same ? { steps, made } : { made };
	}
	if (steps.length < at.length && leadsThrough(at, steps)) return { steps, made, inside: at.slice(steps.length) };
	const [index, own] = [at.at(-1), steps[parent.length]];
	if (typeof index !== "number" || typeof own !== "number" || !leadsThrough(steps, parent)) return { steps, made };
	const moved = did === "inserted" && own > index ? own - 1 : did === "removed" && own >= index ? own + 1 : own;
	return { steps: steps.with(parent.length, moved), made };
}

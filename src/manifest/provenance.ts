import type { Place } from "../errors.ts";
import { type AliasUse, aliasesOn } from "./aliases.ts";
import type { Value } from "./deployment.ts";
import { beforeEffect, type Effect } from "./effect.ts";
import { type Node, toValue } from "./node.ts";
import type { Operation } from "./ops-file.ts";
import type { Text } from "./sources.ts";
import { formatSteps, leadsThrough, nodeAtSteps, type Step } from "./steps.ts";
import { summaryOf } from "./summary.ts";

/** One thing that had a part in what stands at a path now. */
export interface Fact {
	readonly kind: "value" | "written" | "operation" | "alias" | "variable";
	readonly text: string;
	readonly place?: Place;
	readonly operation?: Pick<Operation, "index" | "type"> & { readonly path: string };
	readonly variable?: string;
	/** Of a text, number and the like, where it may be shown. */
	readonly value?: Value;
}

/** The manifest before each operation and after the last, and what each did. */
export interface History {
	readonly trees: readonly Node[];
	readonly operations: readonly Operation[];
	readonly effects: readonly (Effect | undefined)[];
	readonly texts: { readonly manifest: Text; readonly ops?: readonly Text[] };
}

/** What the manifest and the operations had to do with what stands at some steps after the last of them, in their order. */
export function factsBefore(history: History, steps: readonly Step[]): readonly Fact[] {
	const { trees, operations, effects, texts } = history;
	const facts: Fact[] = [];
	// What is older than the thing itself came another way.
	let overwritten = false;
	let at = steps;
	for (const [index, operation] of [...operations.entries()].reverse()) {
		const effect = effects[index];
		if (!effect) continue;
		const { made, inside, steps: former } = beforeEffect(effect, at);
		const [before, after] = [trees[index], trees[index + 1]];
		if (inside)
			facts.unshift(
				insideFact(operation, effect, nodeAtSteps(effect.did === "removed" ? before : after, former ?? []), inside),
			);
		if (made) {
			const aliases = overwritten ? [] : aliasFacts(aliasesInOps(operation, effect, at, texts.ops));
			facts.unshift(madeFact(operation, effect, nodeAtSteps(after, at) as Node, at), ...aliases);
			overwritten = true;
		}
		if (!former || !nodeAtSteps(before, former)) return facts;
		at = former;
	}
	const node = nodeAtSteps(trees[0], at) as Node;
	const aliases = overwritten ? [] : aliasFacts(aliasesOn(texts.manifest, at));
	return [
		{ kind: "written", text: `written as ${summaryOf(node)}`, place: node.place, ...shownValue(node) },
		...aliases,
		...facts,
	];
}

/** The value of a fact, as far as one line holds it. */
export function shownValue(node: Node): Pick<Fact, "value"> {
	return node.kind === "scalar" ? { value: toValue(node) } : {};
}

/** How an operation is called: as in the message of one that fails. */
export function titleOf({ index, type, pathText }: Operation): string {
	return `operation ${index} (${type} ${pathText === "" ? '""' : pathText})`;
}

function operationFact(operation: Operation, did: string, place: Place): Fact {
	const { index, type, pathText } = operation;
	return { kind: "operation", text: `${titleOf(operation)} ${did}`, place, operation: { index, type, path: pathText } };
}

const VERBS = { put: "put", added: "added", inserted: "added", removed: "removed" } as const;

function insideFact(operation: Operation, { did }: Effect, node: Node | undefined, inside: readonly Step[]): Fact {
	return operationFact(operation, `${VERBS[did]} ${formatSteps(node, inside)} inside it`, operation.place);
}

/** What is made on the way to the operation's value is written in its path. */
function madeFact(operation: Operation, { did, target }: Effect, node: Node, at: readonly Step[]): Fact {
	const place = leadsThrough(at, target) ? node.place : operation.place;
	return { ...operationFact(operation, `${VERBS[did]} ${summaryOf(node)}`, place), ...shownValue(node) };
}

function aliasesInOps(
	operation: Operation,
	{ target }: Effect,
	at: readonly Step[],
	ops: readonly Text[] = [],
): readonly AliasUse[] {
	const text = ops.find(({ file }) => file === operation.place.file);
	if (!text || !leadsThrough(at, target)) return [];
	return aliasesOn(text, [operation.index, '"value', ...at.slice(target.length)]);
}

/** How a value came by aliases and merge keys. */
export function aliasFacts(aliases: readonly AliasUse[]): readonly Fact[] {
	return aliases.map(({ name, merged, place, anchor }) => ({
		kind: "alias",
		text: `by ${merged ? "<<: " : ""}*${name}, whose anchor stands at ${anchor.file}:${anchor.line}:${anchor.column}`,
		place,
	}));
}

import { type Alias, isAlias, isMap, isScalar, isSeq, type Pair } from "yaml";
import type { Place } from "../errors.ts";
import { keyId } from "./node.ts";
import type { Text } from "./sources.ts";
import type { Step } from "./steps.ts";
import { composeDocuments } from "./yaml-documents.ts";
import { readPlain } from "./yaml-scalar.ts";

/** An alias or merge key, and where the anchor that it names stands. */
export interface AliasUse {
	readonly name: string;
	readonly merged: boolean;
	readonly place: Place;
	readonly anchor: Place;
}

interface Reading {
	readonly placeOf: (offset: number) => Place;
	readonly anchorOf: (alias: Alias, anchored: unknown) => number;
	readonly anchoredFor: (alias: Alias) => unknown;
	readonly found: AliasUse[];
}

/** The aliases and merge keys that a way into a text leads through, outermost first. The text has been read before, so it is good YAML. */
export function aliasesOn({ text, file }: Text, steps: readonly Step[]): readonly AliasUse[] {
	const { documents, placeOf } = composeDocuments(text, file);
	const first = documents.next();
	if (first.done) return [];
	const reading: Reading = {
		placeOf,
		// It stands before what it names, whose range begins behind it.
		anchorOf: ({ source }, anchored) => text.lastIndexOf(`&${source}`, offsetOf(anchored)),
		anchoredFor: (alias) => alias.resolve(first.value),
		found: [],
	};
	let source: unknown = follow(first.value.contents, false, reading);
	for (const step of steps) source = follow(below(source, step, reading), false, reading);
	return reading.found;
}

function offsetOf(source: unknown): number {
	return (source as { range?: readonly number[] }).range?.[0] ?? 0;
}

function follow(source: unknown, merged: boolean, reading: Reading): unknown {
	if (!isAlias(source)) return source;
	const { placeOf, anchoredFor, anchorOf, found } = reading;
	const anchored = anchoredFor(source);
	const [place, anchor] = [placeOf(offsetOf(source)), placeOf(anchorOf(source, anchored))];
	found.push({ name: source.source, merged, place, anchor });
	return anchored;
}

function below(source: unknown, step: Step, reading: Reading): unknown {
	if (isSeq(source)) return typeof step === "number" ? source.items[step] : undefined;
	if (!isMap(source)) return undefined;
	// The last that gives the key counts, whether written or merged.
	for (const pair of source.items.toReversed()) {
		if (isMergeKey(pair)) {
			const merged = inMerge(pair.value, step, reading);
			if (merged !== undefined) return merged;
		} else if (idOf(pair.key) === step) return pair.value;
	}
	return undefined;
}

function inMerge(source: unknown, step: Step, reading: Reading): unknown {
	const maps = isSeq(source) ? source.items : [source];
	for (const map of maps) {
		const found: AliasUse[] = [];
		const attempt = { ...reading, found };
		const value = below(follow(map, true, attempt), step, attempt);
		if (value === undefined) continue;
		reading.found.push(...found);
		return value;
	}
	return undefined;
}

function isMergeKey({ key }: Pair): boolean {
	return isScalar(key) && key.source === "<<" && key.type === "PLAIN" && key.tag === undefined;
}

function idOf(key: unknown): string | undefined {
	if (!isScalar(key)) return undefined;
	const text = key.source ?? "";
	return keyId({ kind: "scalar", place: {}, ...(key.type === "PLAIN" ? readPlain(text) : { value: text }) });
}

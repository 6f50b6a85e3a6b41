import { type Problem, problem } from "../errors.ts";
import type { Interpolated } from "./interpolate-manifest.ts";
import { describeNode, type ListNode, type MapEntry, type MapNode, type Node, toValue } from "./node.ts";
import { placeAt } from "./path.ts";

/**
 * Several configs of one type as one, as BOSH merges named configs: lists come one after another, and what is no list may stand in one of
 * them only. An empty file adds nothing.
 */
export function mergeConfigs(configs: readonly Interpolated[]): Interpolated {
	const [first, ...others] = configs;
	if (first && others.length === 0) return first;
	const entries = new Map<string, MapEntry>();
	const problems: Problem[] = configs.flatMap((config) => config.problems);
	for (const { node, problems: own } of configs) {
		if (own.length > 0 || isNull(node)) continue;
		if (node.kind === "map") addEntries(entries, node, problems);
		else
			problems.push(
				problem("wrong-type", `the file must be a map, but is ${describeNode(node)}`, {
					place: node.place,
					hint: "write keys",
				}),
			);
	}
	return together(configs, { kind: "map", entries, place: first?.node.place ?? {} }, problems);
}

function addEntries(entries: Map<string, MapEntry>, { entries: more }: MapNode, problems: Problem[]): void {
	for (const [id, entry] of more) {
		const former = entries.get(id);
		if (!former || isNull(former.value)) entries.set(id, entry);
		else if (isNull(entry.value)) continue;
		else if (former.value.kind === "list" && entry.value.kind === "list")
			entries.set(id, { key: former.key, value: appended(former.value, entry.value.items) });
		else {
			const { file, line } = former.key.place;
			const message = `"${String(entry.key.value)}" stands in two of the files, and is no list that could go on in the second`;
			problems.push(
				problem("config-twice", message, { place: entry.key.place, hint: `the first is at ${file}:${line}: keep one` }),
			);
		}
	}
}

/** The list with more items; a key without a list stands for an empty one. */
export function appended(list: ListNode, more: readonly Node[]): ListNode {
	return { ...list, items: [...list.items, ...more] };
}

/** What several files say together, with their problems and warnings. `node` is null beside problems, as for a single file. */
export function together(files: readonly Interpolated[], node: Node, problems: readonly Problem[]): Interpolated {
	const made: Node = problems.length > 0 ? { kind: "scalar", value: null, place: node.place } : node;
	return {
		value: toValue(made),
		node: made,
		problems,
		warnings: files.flatMap(({ warnings }) => warnings),
		place: (path) => placeAt(made, path),
		references: files.flatMap(({ references }) => references),
		emptyAuthorities: files.flatMap(({ emptyAuthorities }) => emptyAuthorities),
		unused: new Map(
			files.flatMap(({ unused }) => [...unused]).filter(([name]) => files.every((file) => file.unused.has(name))),
		),
	};
}

/** A key without a value, or a file without a text. */
export function isNull(node: Node): boolean {
	return node.kind === "scalar" && node.value === null;
}

import { isMap, isScalar, type Pair, parseDocument } from "yaml";
import type { Value } from "../manifest/deployment.ts";
import { formatNode } from "../manifest/format.ts";
import { fromValue, keyId, type MapEntry, type Node, sameNode } from "../manifest/node.ts";
import { parseNode } from "../manifest/yaml.ts";

/**
 * A vars store's text with these values. What stood there stays where it is, to the letter; what is new comes after it. Where the text is
 * written in a way that this can't be done to, such as in braces, the same data is written anew.
 */
export function withValues(text: string, made: ReadonlyMap<string, Value>): string {
	const { node } = parseNode(text, "");
	const entries = new Map<string, MapEntry>(node.kind === "map" ? node.entries : []);
	for (const [name, value] of made) {
		const key = { kind: "scalar", value: name, place: {} } as const;
		entries.set(keyId(key), { key, value: fromValue(value) });
	}
	const wanted: Node = { kind: "map", entries, place: {} };
	const spliced = splice(text, made);
	return reads(spliced, wanted) ? spliced : formatNode(wanted);
}

function splice(text: string, made: ReadonlyMap<string, Value>): string {
	const { contents } = parseDocument(text, { schema: "failsafe", uniqueKeys: false, logLevel: "silent" });
	const pairs = isMap(contents) ? contents.items : [];
	const added = [...made].filter(([name]) => !pairs.some((pair) => nameOf(pair) === name)).map(formatEntry);
	let spliced = [text === "" || text.endsWith("\n") ? text : `${text}\n`, ...added].join("");
	for (const pair of pairs.toReversed()) {
		const name = nameOf(pair);
		const value = name === undefined ? undefined : made.get(name);
		const [from, to] = [rangeOf(pair.key)?.[0], rangeOf(pair.value)?.[1]];
		if (name === undefined || value === undefined || from === undefined || to === undefined) continue;
		const line = spliced[to - 1] === "\n" ? to : spliced.indexOf("\n", to) + 1;
		spliced = spliced.slice(0, from) + formatEntry([name, value]) + spliced.slice(line);
	}
	return spliced;
}

function formatEntry([name, value]: readonly [string, Value]): string {
	return formatNode(fromValue({ [name]: value }));
}

function nameOf({ key }: Pair): string | undefined {
	return isScalar(key) ? String(key.value) : undefined;
}

function rangeOf(source: unknown): readonly [number, number, number] | undefined {
	return (source as { readonly range?: [number, number, number] } | null)?.range;
}

function reads(text: string, wanted: Node): boolean {
	try {
		const { node, warnings } = parseNode(text, "");
		return warnings.length === 0 && sameNode(node, wanted);
	} catch {
		return false;
	}
}

import type { Place } from "../errors.ts";
import type { Value, ValueMap } from "./deployment.ts";
import { formatFloat } from "./yaml-scalar.ts";

/**
 * A YAML value that remembers where it was written. Ops files and variables move nodes about without changing them, so
 * an error found at the end still names the file and line that the user can edit. Nodes are never changed in place.
 */
export type Node = ScalarNode | ListNode | MapNode;

export interface ScalarNode {
	readonly kind: "scalar";
	/** `bigint` for integers that a JavaScript number can't hold. */
	readonly value: null | boolean | number | bigint | string;
	/** A decimal number, even if its value is whole: `1.0` may not stand inside a text, `1` may. */
	readonly float?: true;
	/** The unquoted text that was read as something else than a text. */
	readonly source?: string;
	readonly place: Place;
}

export interface ListNode {
	readonly kind: "list";
	readonly items: readonly Node[];
	readonly place: Place;
}

export interface MapNode {
	readonly kind: "map";
	/** By `keyId`: the key `5` and the key `"5"` are two keys. */
	readonly entries: ReadonlyMap<string, MapEntry>;
	readonly place: Place;
}

export interface MapEntry {
	readonly key: ScalarNode;
	readonly value: Node;
}

/** What tells a map's keys apart. */
export function keyId(key: ScalarNode): string {
	if (typeof key.value === "string") return `"${key.value}`;
	return key.float ? `${scalarText(key)}f` : scalarText(key);
}

/** The entry of a text key. */
export function entryOf(node: Node | undefined, key: string): MapEntry | undefined {
	return node?.kind === "map" ? node.entries.get(`"${key}`) : undefined;
}

/** A scalar as BOSH prints it. */
export function scalarText({ value, float }: ScalarNode): string {
	return typeof value === "number" && (float || !Number.isInteger(value)) ? formatFloat(value) : String(value);
}

/** The plain data of a node; keys become texts. */
export function toValue(node: Node): Value {
	if (node.kind === "scalar") return typeof node.value === "bigint" ? Number(node.value) : node.value;
	if (node.kind === "list") return node.items.map(toValue);
	return Object.fromEntries([...node.entries.values()].map(({ key, value }) => [scalarText(key), toValue(value)]));
}

/** A node for plain data, all of it at one place. */
export function fromValue(value: Value, place: Place = {}): Node {
	if (Array.isArray(value)) return { kind: "list", items: value.map((item: Value) => fromValue(item, place)), place };
	if (typeof value !== "object" || value === null) {
		return { kind: "scalar", value: value as ScalarNode["value"], place };
	}
	const entries = Object.entries(value as ValueMap).map(([name, item]): [string, MapEntry] => {
		const key: ScalarNode = { kind: "scalar", value: name, place };
		return [keyId(key), { key, value: fromValue(item, place) }];
	});
	return { kind: "map", entries: new Map(entries), place };
}

/** How a message names what stands somewhere, without showing it. */
export function describeNode(node: Node): string {
	if (node.kind !== "scalar") return `a ${node.kind}`;
	if (node.value === null) return "null";
	if (typeof node.value === "boolean") return "a boolean";
	if (typeof node.value === "string") return "a text";
	return node.float ? "a decimal number" : "a whole number";
}

/** True if both hold the same data with the same types, whatever the order of their keys. */
export function sameNode(a: Node, b: Node): boolean {
	if (a.kind === "scalar" && b.kind === "scalar") return a.value === b.value && a.float === b.float;
	if (a.kind === "list" && b.kind === "list") {
		return a.items.length === b.items.length && a.items.every((item, index) => sameNode(item, b.items[index] as Node));
	}
	if (a.kind !== "map" || b.kind !== "map" || a.entries.size !== b.entries.size) return false;
	return [...a.entries].every(([id, entry]) => {
		const other = b.entries.get(id);
		return other !== undefined && sameNode(entry.value, other.value);
	});
}

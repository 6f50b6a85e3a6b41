import type { Place } from "../errors.ts";
import { type MapEntry, type Node, scalarText } from "./node.ts";

/** A key as it stands in a path: `~`, `/` and `:` are written `~0`, `~1` and `~7`, as in ops files. */
export function escapeKey(key: string): string {
	return key.replaceAll("~", "~0").replaceAll("/", "~1").replaceAll(":", "~7");
}

/** The way down to a node while a tree is walked. Most nodes need no path, so one is only written where `pathTo` is asked for it. */
export interface Trail {
	readonly above: Trail | undefined;
	readonly step: string | number;
}

/** The path of a trail; that of the root is empty. */
export function pathTo(trail: Trail | undefined): string {
	return trail === undefined ? "" : `${pathTo(trail.above)}/${escapeKey(String(trail.step))}`;
}

/** A path such as `/instance_groups/0/azs` from its parts. */
export function pathOf(parts: readonly PropertyKey[]): string {
	return parts.map((part) => `/${escapeKey(String(part))}`).join("");
}

/**
 * Where a path made by `pathOf` was written: for a key of a map the key itself, so that the place stays in the manifest if the value
 * came from a variable; for what doesn't exist the nearest thing above it.
 */
export function placeAt(root: Node, path: string): Place {
	const parts = path.split("/").slice(1).map(unescapeKey);
	let node = root;
	let place = root.place;
	for (const part of parts) {
		const next = step(node, part);
		if (!next) break;
		node = next.node;
		place = next.place;
	}
	return { ...place, path };
}

/** The node at a path made by `pathOf`. */
export function nodeAt(root: Node, path: string): Node | undefined {
	const parts = path.split("/").slice(1).map(unescapeKey);
	return parts.reduce<Node | undefined>((node, part) => node && step(node, part)?.node, root);
}

function step(node: Node, part: string): { readonly node: Node; readonly place: Place } | undefined {
	if (node.kind === "list") {
		const item = node.items[Number(part)];
		return item && { node: item, place: item.place };
	}
	if (node.kind !== "map") return undefined;
	const entry = node.entries.get(`"${part}`) ?? entryOfText(node.entries.values(), part);
	return entry && { node: entry.value, place: entry.key.place };
}

function entryOfText(entries: Iterable<MapEntry>, text: string): MapEntry | undefined {
	for (const entry of entries) if (scalarText(entry.key) === text) return entry;
	return undefined;
}

/** Undoes `escapeKey`. */
export function unescapeKey(text: string): string {
	return text.replace(/~[017]/g, (escaped) => ({ "~0": "~", "~1": "/" })[escaped] ?? ":");
}

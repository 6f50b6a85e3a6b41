import { type Place, type Problem, problem } from "../errors.ts";
import { type Lookup, parseReference, REFERENCE } from "./lookup.ts";
import { describeNode, keyId, type MapEntry, type MapNode, type Node, type ScalarNode, scalarText } from "./node.ts";
import { pathTo, type Trail } from "./path.ts";

/** A `((variable))` that stands in a text or key. */
export interface Reference {
	/** As written, without `!`: `a.b` for `((!a.b))`. */
	readonly text: string;
	/** The variable: the part before the first dot. */
	readonly name: string;
	readonly place: Place;
}

interface Interpolating {
	readonly lookup: Lookup;
	readonly problems: Problem[];
}

/**
 * Puts values in the place of `((references))`, in texts and keys. One that stands alone keeps the value's type; inside a text only
 * texts and whole numbers may be put; what has no value stays as it is. Values are not searched for references again.
 */
export function interpolate(
	node: Node,
	lookup: Lookup,
): { readonly node: Node; readonly problems: readonly Problem[] } {
	const interpolating: Interpolating = { lookup, problems: [] };
	return { node: fill(node, undefined, interpolating), problems: interpolating.problems };
}

function fill(node: Node, trail: Trail | undefined, interpolating: Interpolating): Node {
	if (node.kind === "scalar") return typeof node.value === "string" ? fillText(node, trail, interpolating) : node;
	if (node.kind === "map") return fillMap(node, trail, interpolating);
	let changed = false;
	const items = node.items.map((item, index) => {
		const filled = fill(item, { above: trail, step: index }, interpolating);
		changed ||= filled !== item;
		return filled;
	});
	return changed ? { ...node, items } : node;
}

function fillMap(node: MapNode, above: Trail | undefined, interpolating: Interpolating): Node {
	let changed = false;
	const entries: [string, MapEntry][] = [];
	for (const [id, entry] of node.entries) {
		const trail = { above, step: scalarText(entry.key) };
		const key = fillKey(entry.key, trail, interpolating);
		const value = fill(entry.value, trail, interpolating);
		changed ||= key !== entry.key || value !== entry.value;
		entries.push(key === entry.key ? [id, { key, value }] : [keyId(key), { key, value }]);
	}
	return changed ? { ...node, entries: new Map(entries) } : node;
}

function fillKey(key: ScalarNode, trail: Trail, interpolating: Interpolating): ScalarNode {
	if (typeof key.value !== "string") return key;
	const filled = fillText(key, trail, interpolating);
	if (filled.kind === "scalar") return filled === key ? key : { ...filled, place: key.place };
	interpolating.problems.push(
		problem("variable-type", `${key.value} is ${describeNode(filled)}, which can't be a key`, {
			place: { ...key.place, path: pathTo(trail) },
			hint: "give the variable a text",
		}),
	);
	return key;
}

function fillText(scalar: ScalarNode, trail: Trail | undefined, { lookup, problems }: Interpolating): Node {
	let text = scalar.value as string;
	if (!text.includes("((")) return scalar;
	for (const [, written = ""] of text.matchAll(REFERENCE)) {
		const { name, rest } = parseReference(written);
		const place = { ...scalar.place, path: pathTo(trail) };
		const found = lookup(name, rest, place);
		if ("problem" in found) problems.push(found.problem);
		if (!("value" in found)) continue;
		if (isWhole(text)) return found.value;
		if (!fitsText(found.value)) {
			problems.push(notInText(written, found.value, place));
			continue;
		}
		const value = scalarText(found.value);
		const bare = written.replace(/^!/, "");
		text = text.replaceAll(`((${bare}))`, () => value).replaceAll(`((!${bare}))`, () => value);
	}
	return text === scalar.value ? scalar : { kind: "scalar", value: text, place: scalar.place };
}

function isWhole(text: string): boolean {
	return /^\(\( ?!?[-/.\w\p{L}]+ ?\)\)$/u.test(text);
}

function fitsText(value: Node): value is ScalarNode {
	if (value.kind !== "scalar" || value.float) return false;
	return typeof value.value === "string" || typeof value.value === "number" || typeof value.value === "bigint";
}

function notInText(written: string, value: Node, place: Place): Problem {
	const name = written.replace(/^!/, "");
	const hint =
		value.kind === "scalar" && value.value !== null
			? `quote the value to make it a text: -v '${name}="…"', or ${name}: "…" in a vars file`
			: "only texts and whole numbers can stand inside a text";
	return problem("variable-type", `((${name})) is ${describeNode(value)}, which can't be put inside a text`, {
		place,
		hint,
	});
}

/** All references in a node, each with its place and path. */
export function references(node: Node): readonly Reference[] {
	const found: Reference[] = [];
	findReferences(node, undefined, found);
	return found;
}

function findReferences(node: Node, trail: Trail | undefined, found: Reference[]): void {
	if (node.kind === "scalar") referencesIn(node, trail, found);
	else if (node.kind === "list") {
		for (const [step, item] of node.items.entries()) findReferences(item, { above: trail, step }, found);
	} else {
		for (const { key, value } of node.entries.values()) {
			const below = { above: trail, step: scalarText(key) };
			referencesIn(key, below, found);
			findReferences(value, below, found);
		}
	}
}

function referencesIn(scalar: ScalarNode, trail: Trail | undefined, found: Reference[]): void {
	if (typeof scalar.value !== "string" || !scalar.value.includes("((")) return;
	for (const [, written = ""] of scalar.value.matchAll(REFERENCE)) {
		const { name } = parseReference(written);
		found.push({ text: written.replace(/^!/, ""), name, place: { ...scalar.place, path: pathTo(trail) } });
	}
}

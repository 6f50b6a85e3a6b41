import type { Place } from "../errors.ts";
import { interpolate, type Reference, references } from "./interpolate.ts";
import type { Stages } from "./interpolate-manifest.ts";
import { parseReference } from "./lookup.ts";
import { entryOf, keyId, type MapNode, type Node } from "./node.ts";
import { type Fact, shownValue } from "./provenance.ts";
import { childOf, formatSteps, nodeAtSteps, type Step } from "./steps.ts";
import { summaryOf } from "./summary.ts";
import { definedName } from "./variables.ts";

/** What a spot of the final manifest was before variables were put in. */
export interface Source {
	readonly steps: readonly Step[];
	/** Steps that lead on into a variable's value. */
	readonly rest: readonly Step[];
	readonly node: Node;
	/** References in the keys on the way. */
	readonly inKeys: readonly Reference[];
}

/** Finds the spot that became the one at `steps`: keys may be made of variables, and definitions of given ones are left out. */
export function filledFrom(steps: readonly Step[], stages: Stages): Source {
	const found: Step[] = [];
	const inKeys: Reference[] = [];
	let node = stages.patched;
	for (const [position, step] of steps.entries()) {
		if (node.kind === "scalar") return { steps: found, rest: steps.slice(position), node, inKeys };
		const isDefinition = position === 1 && steps[0] === '"variables';
		const own =
			node.kind === "map" ? keyBefore(node, step, stages) : isDefinition ? keptIndex(node, step, stages) : step;
		const key = node.kind === "map" ? node.entries.get(own as string)?.key : undefined;
		if (key) inKeys.push(...references(key));
		found.push(own);
		node = childOf(node, own) as Node;
	}
	return { steps: found, rest: [], node, inKeys };
}

function keyBefore(map: MapNode, step: Step, { variables }: Stages): Step {
	const entries = [...map.entries].toReversed();
	const made = entries.find(([, { key }]) => {
		const filled = interpolate(key, variables.lookup).node;
		return filled.kind === "scalar" && keyId(filled) === step;
	});
	return made?.[0] ?? step;
}

function keptIndex(list: Node, step: Step, { variables }: Stages): Step {
	if (list.kind !== "list") return step;
	const given = new Set(variables.given.map(({ name }) => name));
	const kept = list.items.flatMap((item, index) => (given.has(definedName(item) ?? "") ? [] : [index]));
	return kept[step as number] ?? step;
}

/** A variable's part in a value. */
export interface VariableFact {
	readonly fact: Fact;
	readonly hidden: boolean;
	/** Where in a vars file the value came from. */
	readonly found?: { readonly file: string | undefined; readonly steps: readonly Step[] };
}

/** The variables that fill a spot or something inside it, each reference once. */
export function variableFacts(
	{ node, rest, inKeys }: Source,
	stages: Stages,
	hidden: ReadonlySet<string>,
): readonly VariableFact[] {
	const uses = Map.groupBy(
		[...inKeys.map((use) => ({ ...use, key: true })), ...references(node).map((use) => ({ ...use, key: false }))],
		({ text }) => text,
	);
	return [...uses.values()].map((all) => {
		const [use] = all as [Reference & { readonly key: boolean }, ...Reference[]];
		const { rest: parts } = parseReference(use.text);
		const value = stages.variables.lookup(use.name, parts, use.place);
		const where = use.key ? ", in its path" : node.kind === "scalar" ? "" : inPlaces(all.map(({ place }) => place));
		const base = { kind: "variable", variable: use.text } as const;
		if (!("value" in value)) {
			const text = `variable ${use.text} has no value${isDefined(use.name, stages.patched) ? " yet: a deploy generates it" : ""}${where}`;
			return { fact: { ...base, text, place: use.place }, hidden: false };
		}
		const at = nodeAtSteps(value.value, use.key ? [] : rest) ?? value.value;
		if (hidden.has(use.name))
			return { fact: { ...base, text: `variable ${use.text} is (hidden)${where}`, place: at.place }, hidden: true };
		const way = use.key || rest.length === 0 ? "" : ` at ${formatSteps(value.value, rest)}`;
		const fact: Fact = {
			...base,
			text: `variable ${use.text} is ${summaryOf(at)}${way}${where}`,
			place: at.place,
			...shownValue(at),
		};
		const first = stages.values.get(use.name);
		return {
			fact,
			hidden: false,
			found: { file: first?.place.file, steps: [`"${use.name}`, ...stepsInto(first, parts), ...rest] },
		};
	});
}

function inPlaces(places: readonly Place[]): string {
	const [first, ...more] = new Set(places.map(({ path }) => path));
	return `, in ${first}${more.length > 0 ? ` and ${more.length} more` : ""}`;
}

/** The parts behind the dots of a reference, as steps. */
function stepsInto(value: Node | undefined, parts: readonly string[]): readonly Step[] {
	let node = value;
	return parts.map((part) => {
		const index = Number(part);
		const step = node?.kind === "list" ? (index < 0 ? node.items.length + index : index) : `"${part}`;
		node = childOf(node, step);
		return step;
	});
}

function isDefined(name: string, manifest: Node): boolean {
	const list = entryOf(manifest, "variables")?.value;
	return list?.kind === "list" && list.items.some((item) => definedName(item) === name);
}

import { type Place, type Problem, problem } from "../errors.ts";
import { interpolate, references } from "./interpolate.ts";
import { type Found, type Lookup, walkInto } from "./lookup.ts";
import { entryOf, type Node } from "./node.ts";

/** One entry of a manifest's `variables:`, as far as interpolation needs it. */
interface Definition {
	readonly name: string;
	readonly type: string;
	readonly options?: Node;
	readonly place: Place;
}

/** A lookup that knows the manifest's `variables:`, and keeps account of what was asked. */
export interface VariableLookup {
	readonly lookup: Lookup;
	/** Names that were asked for and have no value. */
	readonly missing: ReadonlySet<string>;
	/** Names that were asked for. */
	readonly used: ReadonlySet<string>;
	/** Definitions whose variable has a value: they disappear from the manifest. */
	readonly given: readonly Definition[];
	readonly problems: readonly Problem[];
}

/**
 * Looks up given values as `bosh int` does: a variable that is defined, and whose options name a variable without a value, counts as
 * not given; options that lead back to their own variable are an error.
 */
function variableLookup(manifest: Node, values: ReadonlyMap<string, Node>): VariableLookup {
	const definitions = definitionsOf(manifest);
	const byName = new Map([...definitions].reverse().map((definition) => [definition.name, definition]));
	const missing = new Set<string>();
	const used = new Set<string>();
	const problems: Problem[] = [];

	const get = (name: string, place: Place, above: readonly string[]): Found => {
		used.add(name);
		if (above.includes(name)) return { problem: ring([...above, name], place) };
		const options = byName.get(name)?.options;
		const fault = options ? missingOption(options, (inner) => get(inner, place, [...above, name])) : undefined;
		if (fault) return fault;
		const value = values.get(name);
		if (value) return { value };
		if (above.length === 0) missing.add(name);
		return { missing: true };
	};
	const lookup: Lookup = (name, rest, place) => {
		const found = get(name, place, []);
		// Rings are told once, at the definitions that make them.
		return "value" in found ? walkInto(found.value, name, rest, place) : { missing: true };
	};
	const given = definitions.filter((definition) => {
		const found = get(definition.name, definition.place, []);
		if ("problem" in found && problems.length === 0) problems.push(found.problem);
		return "value" in found;
	});
	return { lookup, missing, used, given, problems };
}

function missingOption(options: Node, get: (name: string) => Found): Found | undefined {
	const found = references(options).map(({ name }) => get(name));
	return found.find((result) => "problem" in result) ?? found.find((result) => "missing" in result);
}

function ring(names: readonly string[], place: Place): Problem {
	return problem("variable-ring", `the options of variables lead in a ring: ${names.join(" → ")}`, {
		place,
		hint: "take one of these references out of its options",
	});
}

function definitionsOf(manifest: Node): readonly Definition[] {
	const list = entryOf(manifest, "variables")?.value;
	if (list?.kind !== "list") return [];
	return list.items.flatMap((item) => {
		const name = definedName(item);
		if (name === undefined) return [];
		const options = entryOf(item, "options")?.value;
		const type = textOf(entryOf(item, "type")?.value) ?? "";
		return [{ name, type, place: item.place, ...(options ? { options } : {}) }];
	});
}

/** The name that an entry of `variables:` defines. */
export function definedName(entry: Node): string | undefined {
	return textOf(entryOf(entry, "name")?.value);
}

function textOf(node: Node | undefined): string | undefined {
	if (node?.kind !== "scalar" || node.value === null) return undefined;
	return typeof node.value === "string" ? node.value : node.source;
}

/** Takes the definitions of given variables out of the manifest; the same name twice is an error, as in BOSH. */
function withoutGiven(
	manifest: Node,
	given: readonly Definition[],
): { readonly node: Node; readonly problems: readonly Problem[] } {
	const list = entryOf(manifest, "variables");
	if (manifest.kind !== "map" || list?.value.kind !== "list" || given.length === 0)
		return { node: manifest, problems: [] };
	const names = new Set<string>();
	const problems = given.flatMap(({ name, place }) => {
		const twice = names.has(name);
		names.add(name);
		const hint = "remove one of the two entries";
		return twice ? [problem("duplicate-variable", `the variable "${name}" is defined twice`, { place, hint })] : [];
	});
	const items = list.value.items.filter((item) => !names.has(definedName(item) ?? ""));
	const value: Node = { ...list.value, items };
	return {
		node: { ...manifest, entries: new Map(manifest.entries).set('"variables', { key: list.key, value }) },
		problems,
	};
}

/** Interpolates a manifest with given values; definitions whose value is given are taken out. */
export function interpolateVariables(
	manifest: Node,
	values: ReadonlyMap<string, Node>,
): VariableLookup & { readonly node: Node } {
	const variables = variableLookup(manifest, values);
	const filled = interpolate(manifest, variables.lookup);
	const rest = withoutGiven(filled.node, variables.given);
	return { ...variables, node: rest.node, problems: [...variables.problems, ...filled.problems, ...rest.problems] };
}

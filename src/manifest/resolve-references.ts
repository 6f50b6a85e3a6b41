import { type Problem, UserError } from "../errors.ts";
import type { Value } from "./deployment.ts";
import { interpolate, references } from "./interpolate.ts";
import { walkInto } from "./lookup.ts";
import { fromValue, toValue } from "./node.ts";

/** Names of the variables that plain data refers to, each once: `a` for `((a.b))`, `/abs` for `((/abs))`. */
export function referencedNames(value: Value): readonly string[] {
	return [...new Set(references(fromValue(value)).map(({ name }) => name))];
}

/**
 * Puts generated values into plain data such as a job's properties, by the rules of `interpolate`. References without a value stay.
 * @throws UserError if a value has the wrong type for its place, or lacks the part that is asked for. It never shows a value.
 */
export function resolveReferences(value: Value, values: Readonly<Record<string, Value>>): Value {
	const nodes = new Map(Object.entries(values).map(([name, given]) => [name, fromValue(given)]));
	const { node, problems } = interpolate(fromValue(value), (name, rest, place) => {
		const found = nodes.get(name);
		return found ? walkInto(found, name, rest, place) : { missing: true };
	});
	if (problems.length > 0) throw new UserError(problems as Problem[]);
	return toValue(node);
}

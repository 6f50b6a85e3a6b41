import { type Problem, problem } from "../errors.ts";
import { references } from "./interpolate.ts";
import { parseReference, walkInto } from "./lookup.ts";
import type { Node } from "./node.ts";

/** References such as `((root.ca))` whose value is an empty text: whoever gets it as a CA file trusts nobody, and says so late. */
export function emptyAuthorities(manifest: Node, values: ReadonlyMap<string, Node>): readonly Problem[] {
	if (values.size === 0) return [];
	return references(manifest).flatMap(({ text, name, place }) => {
		const { rest } = parseReference(text);
		const value = values.get(name);
		if (!value || rest.at(-1) !== "ca") return [];
		const found = walkInto(value, name, rest, place);
		if (!("value" in found) || found.value.kind !== "scalar") return [];
		const empty = found.value.value === null || String(found.value.value).trim() === "";
		return empty ? [emptyCa(text, name, place)] : [];
	});
}

function emptyCa(text: string, name: string, place: Problem["place"]): Problem {
	return problem("empty-ca", `((${text})) is empty: the variable "${name}" names no CA`, {
		...(place ? { place } : {}),
		hint: `put the PEM text of the CA's certificate there (of a root, its own certificate), or give no "${name}" and define it under variables:`,
	});
}

import type { Clock, Random } from "../clock.ts";
import type { Value, VariableDefinition } from "../manifest/deployment.ts";
import { referencedNames, resolveReferences } from "../manifest/resolve-references.ts";
import { fitsDefinition } from "./fits.ts";
import { makeVariable } from "./generate.ts";
import { orderByNeed } from "./order.ts";

/** What a vars store lacks of a manifest's definitions. */
export interface FilledStore {
	/** Values that are new, or in the place of one that is to change, in the order in which they were made. */
	readonly made: ReadonlyMap<string, Value>;
}

/**
 * Makes what the definitions ask for and the store lacks, as `bosh int --vars-store` does; `update_mode` counts, which BOSH leaves out.
 * `values` are those of the store and those given beside it, which are never made. A definition whose options refer to a variable without
 * a value is left alone. Throws a UserError if a definition can't be made.
 */
export async function fillStore(
	definitions: readonly VariableDefinition[],
	{ stored, given }: { readonly stored: ReadonlyMap<string, Value>; readonly given: ReadonlyMap<string, Value> },
	making: { readonly clock: Clock; readonly random: Random },
): Promise<FilledStore> {
	const values = new Map([...stored, ...given]);
	const made = new Map<string, Value>();
	const byName = new Map(definitions.filter(({ name }) => !given.has(name)).map((each) => [each.name, each]));
	const needs = (name: string) => {
		const options = byName.get(name)?.options ?? {};
		const signer = typeof options.ca === "string" ? [options.ca] : [];
		return [...signer, ...referencedNames(options)].filter((other) => byName.has(other));
	};
	for (const name of orderByNeed([...byName.keys()], needs).ordered) {
		const written = byName.get(name) as VariableDefinition;
		if (referencedNames(written.options).some((other) => !values.has(other))) continue;
		const options = resolveReferences(written.options, Object.fromEntries(values)) as VariableDefinition["options"];
		const definition = { ...written, options };
		if (keeps(definition, values)) continue;
		const value = await makeVariable(definition, (other) => values.get(other), making);
		values.set(name, value);
		made.set(name, value);
	}
	return { made };
}

function keeps(definition: VariableDefinition, values: ReadonlyMap<string, Value>): boolean {
	const value = values.get(definition.name);
	if (value === undefined || definition.updateMode === "overwrite") return false;
	if (definition.updateMode === "no-overwrite") return true;
	const { ca } = definition.options;
	return fitsDefinition(definition, value, typeof ca === "string" ? values.get(ca) : undefined);
}

import { type Problem, UserError } from "../../errors.ts";
import type { Value } from "../../manifest/deployment.ts";
import { type Interpolated, interpolateManifest, type ManifestTexts } from "../../manifest/interpolate-manifest.ts";
import { type Node, toValue } from "../../manifest/node.ts";
import { variableDefinitions } from "../../manifest/schema.ts";
import { readVariables, type Text } from "../../manifest/sources.ts";
import { replaceStore, type StoreFile } from "../../variables/store-file.ts";
import { withValues } from "../../variables/store-text.ts";
import { fillStore } from "../../variables/vars-store.ts";
import type { CliContext } from "../command.ts";

/** A manifest with the values of a vars store, those that were made for it included. */
export interface StoreFilled {
	readonly interpolated: Interpolated;
	/** Names whose value is the store's. */
	readonly names: ReadonlySet<string>;
	/** Writes what was made; nothing if nothing was. */
	readonly save: () => Promise<void>;
}

/**
 * Interpolates with a vars store: a file of BOSH's own form, names to values, that is asked last. What the manifest defines and the file
 * lacks is made if `make` is true; nothing is written before `save`.
 */
export async function interpolateWithStore(
	texts: ManifestTexts,
	store: StoreFile,
	context: CliContext,
	{ make }: { readonly make: boolean },
): Promise<StoreFilled> {
	const without = interpolateManifest({ ...texts, varErrs: false, varErrsUnused: false });
	const nothing = { names: new Set<string>(), save: async () => {} };
	if (without.problems.length > 0) return { ...nothing, interpolated: without };
	const read = variableDefinitions(without);
	const { given, stored } = valuesOf(texts, store);
	const errors = [...given.problems, ...stored.problems, ...stored.warnings.map(asError), ...read.problems];
	if (errors.length > 0) throw new UserError(errors);
	const { made } = await fillStore(
		make ? read.definitions : [],
		{ stored: plain(stored.values), given: plain(given.values) },
		context,
	);
	const text = made.size === 0 ? store.text : withValues(store.text, made);
	const variables = { ...texts.variables, store: { text, file: store.file } };
	return {
		interpolated: interpolateManifest({ ...texts, variables }),
		names: new Set([...stored.values.keys(), ...made.keys()].filter((name) => !given.values.has(name))),
		save: async () => {
			if (made.size === 0) return;
			await replaceStore(store, text, context.random);
			const anew = [...made.keys()].filter((name) => stored.values.has(name));
			if (anew.length === 0) return;
			const why = "as their update_mode says; bosh int would have kept them";
			context.emit({ type: "note", text: `${store.file}: made anew, ${why}: ${anew.join(", ")}` });
		},
	};
}

/** What would be lost when the file is written again, such as a key that stands there twice. */
function asError(warning: Problem): Problem {
	return { ...warning, severity: "error" };
}

function valuesOf({ variables = {} }: ManifestTexts, store: Text) {
	return { given: readVariables(variables), stored: readVariables({ varsFiles: [store] }) };
}

function plain(values: ReadonlyMap<string, Node>): ReadonlyMap<string, Value> {
	return new Map([...values].map(([name, node]) => [name, toValue(node)]));
}

import { type Place, type Problem, problem, UserError, warning } from "../errors.ts";
import type { Value } from "./deployment.ts";
import { emptyAuthorities } from "./empty-authorities.ts";
import { selectNode } from "./find.ts";
import { formatNode } from "./format.ts";
import { type Reference, references } from "./interpolate.ts";
import { entryOf, type MapEntry, type Node, scalarText, toValue } from "./node.ts";
import { applyOperations } from "./ops.ts";
import { type Operation, readOperations } from "./ops-file.ts";
import { placeAt } from "./path.ts";
import { readVariables, type Text, type VariableTexts } from "./sources.ts";
import { definedName, interpolateVariables, type VariableLookup } from "./variables.ts";
import { parseNode } from "./yaml.ts";

/** A manifest or cloud file after ops files and given variables. */
export interface Interpolated {
	/** Null if there are problems. */
	readonly value: Value;
	readonly node: Node;
	readonly problems: readonly Problem[];
	readonly warnings: readonly Problem[];
	/** Where a key path such as `/instance_groups/0/azs` was written: in the manifest, or in the ops file that put it there. */
	readonly place: (path: string) => Place;
	/** The references that no source gave a value for. */
	readonly references: readonly Reference[];
	/** Given CAs that are empty: nothing to `int`, an error to a deploy. */
	readonly emptyAuthorities: readonly Problem[];
	/** Values that were given and that nothing refers to, by name. */
	readonly unused: ReadonlyMap<string, Node>;
	/** What it went through, for `--why`; only of a single file without problems. */
	readonly stages?: Stages;
}

/** The way from the manifest's text to its final form. All of it is there anyway: keeping it costs nothing. */
export interface Stages {
	/** As the manifest has it. */
	readonly written: Node;
	readonly operations: readonly Operation[];
	/** After the operations. */
	readonly patched: Node;
	readonly variables: Pick<VariableLookup, "lookup" | "given">;
	readonly values: ReadonlyMap<string, Node>;
}

/** The texts that `int`, `plan` and `deploy` start from. */
export interface ManifestTexts {
	readonly manifest: Text;
	readonly ops?: readonly Text[];
	readonly variables?: VariableTexts;
	/** `--var-errs`: a variable without a value is a problem. */
	readonly varErrs?: boolean;
	/** `--var-errs-unused`: a value that nothing uses is a problem. */
	readonly varErrsUnused?: boolean;
}

/** `bosh int`: reads the texts, applies the ops files, then puts given values in. Every text's own problems are told at once. */
export function interpolateManifest(texts: ManifestTexts): Interpolated {
	const problems: Problem[] = [];
	const warnings: Problem[] = [];
	const parsed = attempt(() => parseNode(texts.manifest.text, texts.manifest.file), problems);
	warnings.push(...(parsed?.warnings ?? []));
	const operations = (texts.ops ?? []).flatMap(({ text, file }) => {
		const ops = attempt(() => parseNode(text, file), problems);
		if (!ops) return [];
		const read = readOperations(ops.node);
		problems.push(...read.problems);
		warnings.push(...ops.warnings);
		return read.operations;
	});
	const variables = readVariables(texts.variables ?? {});
	problems.push(...variables.problems);
	warnings.push(...variables.warnings);
	if (!parsed || problems.length > 0) return failed(problems, warnings, texts.manifest.file);
	const patched = attempt(() => applyOperations(parsed.node, operations), problems);
	if (!patched) return failed(problems, warnings, texts.manifest.file);
	const result = interpolateVariables(patched, variables.values);
	const left = references(result.node);
	problems.push(...result.problems);
	if (texts.varErrs) problems.push(...missingProblems(result, left, texts.manifest.file));
	if (texts.varErrsUnused) problems.push(...unusedProblems(variables.values, result.used));
	findNumberWarnings(result.node, warnings);
	if (problems.length > 0) return failed(problems, warnings, texts.manifest.file);
	return {
		value: toValue(result.node),
		node: result.node,
		problems,
		warnings,
		place: (path) => placeAt(result.node, path),
		references: left,
		emptyAuthorities: emptyAuthorities(patched, variables.values),
		unused: new Map([...variables.values].filter(([name]) => !result.used.has(name))),
		stages: { written: parsed.node, operations, patched, variables: result, values: variables.values },
	};
}

function attempt<T>(read: () => T, problems: Problem[]): T | undefined {
	try {
		return read();
	} catch (error) {
		if (!(error instanceof UserError)) throw error;
		problems.push(...error.problems);
		return undefined;
	}
}

function failed(problems: readonly Problem[], warnings: readonly Problem[], file: string): Interpolated {
	const node: Node = { kind: "scalar", value: null, place: { file } };
	const none = { references: [], emptyAuthorities: [], unused: new Map() };
	return { value: null, node, problems, warnings, place: (path) => ({ file, path }), ...none };
}

function missingProblems(
	{ missing, node }: Pick<ReturnType<typeof interpolateVariables>, "missing" | "node">,
	left: readonly Reference[],
	file: string,
): readonly Problem[] {
	const list = entryOf(node, "variables")?.value;
	const defined = list?.kind === "list" ? list.items.map(definedName) : [];
	return [...missing].sort().map((name) => {
		const uses = left.filter((reference) => reference.name === name);
		const places = uses.length > 0 ? uses.map(({ place }) => place) : [{ file }];
		return missingVariable(name, places, defined.includes(name));
	});
}

/** A variable that has no value, with each place that needs it. One that `variables:` defines would get it from a vars store. */
export function missingVariable(name: string, places: readonly Place[], defined = false): Problem {
	const shown = places.map(({ file, line, path }) => [file, line, path].filter((part) => part !== undefined).join(":"));
	const where = shown.length > 1 ? ` (used at ${shown.join(", ")})` : "";
	return problem("missing-variable", `the variable "${name}" has no value${where}`, {
		...(places[0] ? { place: places[0] } : {}),
		hint: `give it with -v ${name}=… or in a vars file (-l), or ${defined ? "have it generated (--vars-store)" : "define it under variables:"}`,
	});
}

function unusedProblems(values: ReadonlyMap<string, Node>, used: ReadonlySet<string>): readonly Problem[] {
	return [...values]
		.filter(([name]) => !used.has(name))
		.sort(([a], [b]) => (a < b ? -1 : 1))
		.map(([name, { place }]) =>
			problem("unused-variable", `the variable "${name}" was given, but nothing uses it`, {
				place,
				hint: "check its spelling, or do not give it",
			}),
		);
}

/** Adds a warning for numbers whose text says more than their value: versions such as 1.10 that lose their zero, integers that lose digits. */
function findNumberWarnings(node: Node, warnings: Problem[]): void {
	if (node.kind === "scalar") {
		if (typeof node.value === "bigint") warnings.push(largeInteger(node.place));
	} else if (node.kind === "list") {
		for (const item of node.items) findNumberWarnings(item, warnings);
	} else {
		for (const entry of node.entries.values()) {
			warnings.push(...lossyVersion(entry));
			findNumberWarnings(entry.value, warnings);
		}
	}
}

function largeInteger(place: Place): Problem {
	return warning(
		"large-integer",
		"this whole number is too large to be kept exactly: templates see it without its last digits",
		{
			place,
			hint: "write it in quotes",
		},
	);
}

function lossyVersion({ key, value }: MapEntry): readonly Problem[] {
	if (key.value !== "version" || value.kind !== "scalar" || !value.float || value.source === undefined) return [];
	const read = scalarText(value);
	if (read === value.source) return [];
	const message = `the version is written ${value.source}, without quotes, and is read as the number ${read}`;
	return [warning("version-number", message, { place: value.place, hint: `write "${value.source}" in quotes` })];
}

/**
 * What `davit int` prints: the whole, or what `--path` selects. A text selected by a path is printed bare, with one more newline.
 * @throws UserError if the path leads nowhere.
 */
export function printInterpolated(interpolated: Pick<Interpolated, "node">, path?: string): string {
	if (path === undefined) return formatNode(interpolated.node);
	const selected = selectNode(interpolated.node, path);
	return selected.kind === "scalar" && typeof selected.value === "string"
		? `${selected.value}\n`
		: formatNode(selected);
}

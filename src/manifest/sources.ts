import { type Place, type Problem, problem, UserError } from "../errors.ts";
import { describeNode, type MapNode, type Node, type ScalarNode, scalarText } from "./node.ts";
import { parseNode } from "./yaml.ts";

/** A file's text, and its name as shown in places. */
export interface Text {
	readonly text: string;
	readonly file: string;
}

/** The value sources of the command line, each in the order given. Names and texts; nothing is read from disk here. */
export interface VariableTexts {
	/** `--vars-env`: names without their prefix. The text is YAML. */
	readonly environment?: readonly (readonly [name: string, text: string])[];
	/** `-l` */
	readonly varsFiles?: readonly Text[];
	/** `--var-file`: the text as it is, its last newline included. */
	readonly varFiles?: readonly (readonly [name: string, text: string])[];
	/** `-v`: the text is YAML. */
	readonly vars?: readonly (readonly [name: string, text: string])[];
	/** `--vars-store`: asked last. */
	readonly store?: Text;
}

/**
 * Values by variable name. `--vars-env` gives way to `-l`, that to `--var-file`, that to `-v`; inside a kind the later one counts.
 * `-v a.b=1` sets part `b` of `a`: parts are set after whole values, in their order.
 */
export function readVariables(texts: VariableTexts): {
	readonly values: ReadonlyMap<string, Node>;
	readonly problems: readonly Problem[];
	readonly warnings: readonly Problem[];
} {
	const given = new Map<string, Node>();
	const problems: Problem[] = [];
	const warnings: Problem[] = [];
	const attempt = (read: () => void) => {
		try {
			read();
		} catch (error) {
			if (!(error instanceof UserError)) throw error;
			problems.push(...error.problems);
		}
	};
	for (const [name, text] of texts.environment ?? []) {
		attempt(() => given.set(name, parseNode(text, `--vars-env variable ${name}`).node));
	}
	for (const { text, file } of texts.varsFiles ?? []) {
		attempt(() => {
			const parsed = parseNode(text, file);
			warnings.push(...parsed.warnings);
			for (const [name, node] of entriesOf(parsed.node)) given.set(name, node);
		});
	}
	for (const [name, text] of texts.varFiles ?? []) given.set(name, textNode(text, { file: `--var-file ${name}` }));
	for (const [name, text] of texts.vars ?? []) attempt(() => given.set(name, readArgument(name, text)));
	const values = new Map(withParts(given, problems));
	const { store } = texts;
	if (store)
		attempt(() => {
			for (const [name, node] of entriesOf(parseNode(store.text, store.file).node))
				if (!values.has(name)) values.set(name, node);
		});
	return { values, problems, warnings };
}

function textNode(value: string, place: Place): ScalarNode {
	return { kind: "scalar", value, place };
}

/** Names in a vars file stay as written: `n: 5` gives `n`, although `n` means false elsewhere. */
function entriesOf(node: Node): [string, Node][] {
	if (node.kind === "scalar" && node.value === null) return [];
	if (node.kind !== "map") {
		const message = `a vars file is a map from names to values, but this is ${describeNode(node)}`;
		throw new UserError(
			problem("vars-file", message, { place: node.place, hint: "ops files are given with -o, not -l" }),
		);
	}
	return [...node.entries.values()].map(({ key, value }) => [key.source ?? scalarText(key), value]);
}

/** A text is taken as it stands on the command line, so that newlines and `#` survive; YAML's quotes around it go. */
function readArgument(name: string, text: string): Node {
	const file = `-v ${name}`;
	if (text === "") {
		const hint = `an empty text is written -v '${name}=""'`;
		throw new UserError(problem("empty-variable", "nothing is behind the =", { place: { file }, hint }));
	}
	const { node } = parseNode(text, file);
	if (node.kind !== "scalar" || typeof node.value !== "string") return node;
	return textNode(/^(["']).*\1$/s.test(text) && text.length > 1 ? text.slice(1, -1) : text, { file });
}

function withParts(given: ReadonlyMap<string, Node>, problems: Problem[]): ReadonlyMap<string, Node> {
	const values = new Map([...given].filter(([name]) => !name.includes(".")));
	for (const [name, node] of given) {
		const [first = "", ...rest] = name.split(".");
		if (rest.length === 0) continue;
		const whole = values.get(first) ?? { kind: "map", entries: new Map(), place: node.place };
		const changed = withPart(whole, rest, node);
		if (changed) values.set(first, changed);
		else {
			const hint = `give "${first}" a map, or only one of the two`;
			problems.push(
				problem("variable-part", `"${name}" can't be set: what it is a part of is no map`, { place: node.place, hint }),
			);
		}
	}
	return values;
}

function withPart(whole: Node, [part = "", ...rest]: readonly string[], value: Node): MapNode | undefined {
	if (whole.kind !== "map") return undefined;
	const key = textNode(part, value.place);
	const former = whole.entries.get(`"${part}`)?.value ?? { kind: "map", entries: new Map(), place: value.place };
	const child = rest.length === 0 ? value : withPart(former, rest, value);
	return child && { ...whole, entries: new Map(whole.entries).set(`"${part}`, { key, value: child }) };
}

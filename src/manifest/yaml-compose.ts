import { type Alias, isAlias, isCollection, isMap, isScalar, isSeq, type Scalar, type YAMLMap } from "yaml";
import { type Place, type Problem, problem, UserError, warning } from "../errors.ts";
import { describeNode, keyId, type MapEntry, type MapNode, type Node, type ScalarNode, scalarText } from "./node.ts";
import { readPlain } from "./yaml-scalar.ts";

interface Composing {
	readonly text: string;
	readonly placeOf: (offset: number) => Place;
	readonly warnings: Problem[];
	/** Anchored nodes so far, with how many nodes each stands for; `undefined` while it is being read. */
	readonly anchors: Map<string, { readonly node: Node; readonly size: number } | undefined>;
	size: number;
	copied: number;
	/** How many braces and brackets stand around. */
	flow: number;
}

/** The `yaml` package's tree as ours: aliases and merge keys followed, scalars read in BOSH's dialect. */
export function composeNode(
	contents: unknown,
	text: string,
	placeOf: (offset: number) => Place,
): { readonly node: Node; readonly warnings: readonly Problem[] } {
	const composing: Composing = { text, placeOf, warnings: [], anchors: new Map(), size: 0, copied: 0, flow: 0 };
	const node = compose(contents, composing, 0);
	return { node, warnings: composing.warnings };
}

function compose(source: unknown, composing: Composing, near: number): Node {
	if (isAlias(source)) return followAlias(source, composing);
	const offset = rangeStart(source) ?? near;
	const anchor = (source as { anchor?: string } | null)?.anchor;
	const before = composing.size;
	composing.size += 1;
	if (anchor !== undefined) composing.anchors.set(anchor, undefined);
	const flow = isCollection(source) && source.flow ? 1 : 0;
	composing.flow += flow;
	const node = composeBare(source, composing, offset);
	composing.flow -= flow;
	if (anchor !== undefined) composing.anchors.set(anchor, { node, size: composing.size - before });
	return node;
}

function composeBare(source: unknown, composing: Composing, offset: number): Node {
	const place = composing.placeOf(offset);
	if (isMap(source)) return composeMap(source, composing, place);
	if (isSeq(source))
		return { kind: "list", items: source.items.map((item) => compose(item, composing, offset)), place };
	if (isScalar(source)) return composeScalar(source, composing, place);
	return { kind: "scalar", value: null, place };
}

function rangeStart(source: unknown): number | undefined {
	return (source as { range?: readonly number[] } | null)?.range?.[0];
}

function composeMap(source: YAMLMap, composing: Composing, place: Place): MapNode {
	const entries = new Map<string, MapEntry>();
	const written = new Map<string, ScalarNode>();
	for (const pair of source.items) {
		const key = compose(pair.key, composing, rangeStart(source) ?? 0);
		if (key.kind !== "scalar") {
			throw new UserError(
				problem("yaml-key", `${describeNode(key)} can't be a key`, { place: key.place, hint: "put the key in quotes" }),
			);
		}
		const value = compose(pair.value, composing, rangeStart(pair.key) ?? 0);
		if (isMergeKey(pair.key)) {
			merge(value, entries, key.place);
			continue;
		}
		const id = keyId(key);
		const former = written.get(id);
		if (former) composing.warnings.push(duplicateKey(key, former));
		written.set(id, key);
		entries.set(id, { key, value });
	}
	return { kind: "map", entries, place };
}

function isMergeKey(key: unknown): boolean {
	return isScalar(key) && key.source === "<<" && key.type === "PLAIN" && key.tag === undefined;
}

/** A merge takes effect where it stands; of several maps in a list the first wins (yaml.v2). */
function merge(value: Node, entries: Map<string, MapEntry>, place: Place): void {
	const maps = value.kind === "list" ? [...value.items].reverse() : [value];
	for (const map of maps) {
		if (map.kind !== "map") {
			throw new UserError(
				problem("yaml-merge", `"<<" merges a map or a list of maps, but here stands ${describeNode(map)}`, {
					place,
					hint: "name an anchor of a map, such as <<: *defaults",
				}),
			);
		}
		for (const [id, entry] of map.entries) entries.set(id, entry);
	}
}

function duplicateKey(key: ScalarNode, former: ScalarNode): Problem {
	return warning("duplicate-key", `the key "${scalarText(key)}" stands here again: the last one counts, as in BOSH`, {
		place: key.place,
		hint: `the first is at line ${former.place.line}: remove one of them`,
	});
}

function followAlias(alias: Alias, composing: Composing): Node {
	const place = composing.placeOf(rangeStart(alias) ?? 0);
	const anchored = composing.anchors.get(alias.source);
	if (!anchored) {
		const itself = composing.anchors.has(alias.source);
		const message = itself
			? `the value of &${alias.source} contains itself`
			: `no anchor &${alias.source} stands above this`;
		throw new UserError(problem("yaml-alias", message, { place, hint: "put the value here in full" }));
	}
	composing.size += anchored.size;
	composing.copied += anchored.size;
	if (tooManyCopies(composing)) {
		throw new UserError(
			problem("yaml-alias", "aliases blow this file up beyond reason", { place, hint: "use fewer nested aliases" }),
		);
	}
	return anchored.node;
}

/** The guard of yaml.v2: 99 % of a small document may come from aliases, 10 % of one with 4 million nodes. */
function tooManyCopies({ size, copied }: Composing): boolean {
	const share = Math.min(0.99, Math.max(0.1, 0.99 - 0.89 * ((size - 400_000) / 3_600_000)));
	return copied > 100 && size > 1000 && copied / size > share;
}

const CORE_TAGS = /^(?:tag:yaml\.org,2002:|!!)(bool|int|float|null|timestamp)$/;

function composeScalar(source: Scalar, composing: Composing, place: Place): ScalarNode {
	const text = endsWithFile(source, composing) ? (source.source ?? "").replace(/\n$/, "") : (source.source ?? "");
	checkSpelling(source, composing, place);
	if (source.tag === "tag:yaml.org,2002:binary") {
		return { kind: "scalar", value: Buffer.from(text, "base64").toString("utf8"), place };
	}
	const core = source.tag === undefined ? undefined : CORE_TAGS.exec(source.tag)?.[1];
	if (source.tag === undefined ? source.type !== "PLAIN" : core === undefined)
		return { kind: "scalar", value: text, place };
	const { value, float } = readPlain(text);
	if (typeof value === "string") return { kind: "scalar", value, place };
	return { kind: "scalar", value, ...(float || core === "float" ? { float: true } : {}), source: text, place };
}

/** A block scalar whose last line ends with the file and not with a newline has no newline for BOSH; the `yaml` package adds one. */
function endsWithFile({ type, range }: Scalar, { text }: Composing): boolean {
	const isBlock = type === "BLOCK_LITERAL" || type === "BLOCK_FOLDED";
	return isBlock && (range?.[1] ?? 0) >= text.length && /\S[^\n]*$/.test(text.slice(text.lastIndexOf("\n") + 1));
}

/** Two spellings that the `yaml` package reads and BOSH refuses. */
function checkSpelling({ range, type, source = "" }: Scalar, { text, flow }: Composing, place: Place): void {
	const written = range ? text.slice(range[0], range[1]) : "";
	if (type === "QUOTE_DOUBLE" && /(?<!\\)(?:\\\\)*\\\//.test(written)) {
		throw new UserError(
			problem("yaml-syntax", 'BOSH does not know the escape "\\/"', { place, hint: "write / alone" }),
		);
	}
	if (type === "PLAIN" && source.includes("?") && flow > 0) {
		throw new UserError(
			problem("yaml-syntax", "inside braces or brackets BOSH does not read an unquoted text with a question mark", {
				place,
				hint: "put it in quotes",
			}),
		);
	}
}

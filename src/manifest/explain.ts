import { aliasesOn } from "./aliases.ts";
import { effectOf } from "./effect.ts";
import { explainMissing } from "./explain-missing.ts";
import { withPath } from "./find.ts";
import type { Interpolated, ManifestTexts, Stages } from "./interpolate-manifest.ts";
import type { Node } from "./node.ts";
import { applyOperations } from "./ops.ts";
import { PathError } from "./path-error.ts";
import type { Token } from "./pointer.ts";
import { aliasFacts, type Fact, factsBefore, type History, shownValue } from "./provenance.ts";
import { nodeAtSteps, stepsOf } from "./steps.ts";
import { summaryOf } from "./summary.ts";
import { filledFrom, variableFacts } from "./variable-facts.ts";

export interface Explaining {
	readonly texts: ManifestTexts;
	readonly interpolated: Pick<Interpolated, "node" | "stages">;
	/** Names of variables whose values are not shown. */
	readonly hidden: ReadonlySet<string>;
}

/**
 * Which file, operation or variable gave what stands at a path its present form: the value, then how it came to be, in order.
 * @throws UserError if nothing stands there, saying what took it away.
 */
export function explainValue(path: string, explaining: Explaining): readonly Fact[] {
	return withPath("--why", path, (tokens) => explain(path, tokens, explaining));
}

function explain(path: string, tokens: readonly Token[], { texts, interpolated, hidden }: Explaining): readonly Fact[] {
	const { node, stages } = interpolated;
	if (!stages) return [];
	const history = replay(stages, texts);
	let steps: ReturnType<typeof stepsOf>;
	try {
		steps = stepsOf(node, tokens);
	} catch (error) {
		if (error instanceof PathError) explainMissing(path, tokens, error, history);
		throw error;
	}
	const source = filledFrom(steps, stages);
	const variables = variableFacts(source, stages, hidden);
	const aliases = variables.flatMap(({ found }) => found ?? []);
	const inVarsFiles = aliases.flatMap((way) => {
		const text = texts.variables?.varsFiles?.find(({ file }) => file === way.file);
		return text ? aliasFacts(aliasesOn(text, way.steps)) : [];
	});
	return [
		valueFact(
			path,
			nodeAtSteps(node, steps) as Node,
			variables.some((each) => each.hidden),
		),
		...factsBefore(history, source.steps),
		...variables.map(({ fact }) => fact),
		...inVarsFiles,
	];
}

function valueFact(path: string, node: Node, hides: boolean): Fact {
	const name = path === "" ? "the whole" : path;
	if (hides && node.kind === "scalar") return { kind: "value", text: `${name} is (hidden)` };
	return { kind: "value", text: `${name} is ${summaryOf(node)}`, ...shownValue(node) };
}

/** The operations succeeded before, so they do again. */
function replay({ written, operations }: Stages, texts: ManifestTexts): History {
	const trees = [written];
	const effects = operations.map((operation) => {
		const before = trees.at(-1) as Node;
		trees.push(applyOperations(before, [operation]));
		return effectOf(before, operation);
	});
	return { trees, operations, effects, texts };
}

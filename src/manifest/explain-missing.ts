import { problem, UserError } from "../errors.ts";
import type { Effect } from "./effect.ts";
import type { Node } from "./node.ts";
import { PathError } from "./path-error.ts";
import type { Token } from "./pointer.ts";
import { type History, titleOf } from "./provenance.ts";
import { formatSteps, leadsThrough, nodeAtSteps, type Step, stepsOf } from "./steps.ts";
import { summaryOf } from "./summary.ts";

/**
 * Says what took away the thing at a path, or the nearest thing above it that was there once.
 * @throws UserError, unless nothing ever was there.
 */
export function explainMissing(path: string, tokens: readonly Token[], failed: PathError, history: History): void {
	const { trees, operations, effects } = history;
	for (let length = tokens.length; length >= failed.at.length; length -= 1) {
		const last = trees.findLastIndex((tree) => stepsIn(tree, tokens.slice(0, length)) !== undefined);
		if (last === -1) continue;
		const tree = trees[last] as Node;
		const steps = stepsIn(tree, tokens.slice(0, length)) as readonly Step[];
		const operation = operations[last];
		const now = summaryOf(nodeAtSteps(tree, steps) as Node);
		if (!operation) throw leftOut(path, steps, tree);
		const how = tookAway(effects[last] as Effect, steps, tree);
		const message = `--why ${path}: nothing stands there: ${titleOf(operation)} ${how}`;
		const hint = `before that ${formatSteps(tree, steps)} was ${now}`;
		throw new UserError(problem("path", message, { place: operation.place, hint }), { cause: failed });
	}
}

function stepsIn(tree: Node, tokens: readonly Token[]): readonly Step[] | undefined {
	try {
		return stepsOf(tree, tokens);
	} catch (error) {
		if (error instanceof PathError) return undefined;
		throw error;
	}
}

function tookAway({ did, at }: Effect, steps: readonly Step[], tree: Node): string {
	const where = formatSteps(tree, at);
	if (!leadsThrough(steps, at)) return `changed what the path goes by: it ${did} ${where}`;
	if (did !== "removed") return `put another value at ${where}, without it`;
	return at.length === steps.length ? "removed it" : `removed ${where}, and it with that`;
}

/** The operations left it there, so it went when variables were put in. */
function leftOut(path: string, steps: readonly Step[], tree: Node): UserError {
	const isDefinition = steps[0] === '"variables' && steps.length > 1;
	const place = nodeAtSteps(tree, steps)?.place ?? {};
	const message = isDefinition
		? `--why ${path}: nothing stands there: the variable has a value, so its definition is left out`
		: `--why ${path}: nothing stands there: variables in the keys changed what they are`;
	const hint = isDefinition
		? "give it no value, or ask for what it fills"
		: "ask with the keys as davit int prints them";
	return new UserError(problem("path", message, { place, hint }));
}

import { resolve } from "node:path";
import { type Problem, problem, UserError } from "../../errors.ts";
import type { Value, VariableDefinition } from "../../manifest/deployment.ts";
import { describeNode, entryOf, type Node, toValue } from "../../manifest/node.ts";
import { readVariables } from "../../manifest/sources.ts";
import { type CliContext, type Options, text } from "../command.ts";
import { readText } from "./inputs.ts";

/** The option of commands that deploy. */
export const varsStoreOption = {
	flags: "--vars-store <file>",
	about: "take over values of a BOSH vars store for variables that davit has none of yet; the file stays as it is",
} as const;

/** The parts that a value of each type must have; none: it is a text. */
const PARTS: Readonly<Record<VariableDefinition["type"], readonly string[]>> = {
	password: [],
	certificate: ["certificate", "private_key"],
	rsa: ["private_key", "public_key"],
	ssh: ["private_key", "public_key"],
};

/** Values that the vars store has for these definitions. Throws a UserError if it can't be read, or if a value is none of its type. */
export async function importedVariables(
	definitions: readonly VariableDefinition[],
	options: Options,
	context: CliContext,
): Promise<ReadonlyMap<string, Value>> {
	const path = text(options, "varsStore");
	if (path === undefined) return new Map();
	const { values, problems } = readVariables({
		varsFiles: [await readText(resolve(context.cwd, path), context, "vars store")],
	});
	const found = definitions.flatMap((definition) => {
		const node = values.get(definition.name);
		return node ? [{ definition, node }] : [];
	});
	const wrong = [...problems, ...found.flatMap(({ definition, node }) => unfit(definition, node))];
	if (wrong.length > 0) throw new UserError(wrong);
	return new Map(found.map(({ definition, node }) => [definition.name, toValue(node)]));
}

function unfit({ name, type }: VariableDefinition, node: Node): readonly Problem[] {
	const parts = PARTS[type];
	if (parts.length === 0) {
		if (node.kind === "scalar" && typeof node.value === "string") return [];
		return [wrong(name, `is ${describeNode(node)}, but the manifest defines a ${type}`, node)];
	}
	const lacking = parts.filter((part) => {
		const value = entryOf(node, part)?.value;
		return value?.kind !== "scalar" || typeof value.value !== "string";
	});
	if (lacking.length === 0) return [];
	return [wrong(name, `has no ${lacking.join(" and no ")}, and the manifest defines a variable of type ${type}`, node)];
}

function wrong(name: string, what: string, { place }: Node): Problem {
	const hint = `correct the value, or remove "${name}" from the vars store to have it generated`;
	return problem("vars-store-value", `"${name}" ${what}`, { place, hint });
}

import { z } from "zod";
import { cloud } from "./cloud-schema.ts";
import { deployment } from "./deployment-schema.ts";
import { resurrectionConfig } from "./resurrection-config.ts";
import { runtimeConfig } from "./runtime-config.ts";
import { notesOf } from "./section.ts";

/** What an operator writes, each a file of its own. */
export const schemas = { deployment, cloud, runtime: runtimeConfig, resurrection: resurrectionConfig } as const;
export type SchemaName = keyof typeof schemas;

const TITLES: Readonly<Record<SchemaName, string>> = {
	deployment: "BOSH deployment manifest (v2), as davit reads it",
	cloud: "Cloud file: cloud config, CPI config and ssh, as davit reads it",
	runtime: "Runtime config, as davit reads it",
	resurrection: "Resurrection config, as davit reads it",
};

/** A JSON Schema or a part of one. */
export interface JsonSchema {
	[key: string]: unknown;
	properties?: Record<string, JsonSchema>;
	items?: JsonSchema;
	anyOf?: JsonSchema[];
	additionalProperties?: JsonSchema | false;
	description?: string;
	type?: string | readonly string[];
}

/** Any value may be a variable alone: its type is the variable's. Not every validator knows the classes that names are made of. */
const VARIABLE: JsonSchema = { type: "string", pattern: "^\\(\\( ?!?[^()\\s]+ ?\\)\\)$" };

/** The schema that validates a file, as JSON Schema (draft 2020-12) for editors: keys that davit refuses by name are there, and match nothing. */
export function jsonSchema(name: SchemaName): JsonSchema {
	const made = z.toJSONSchema(schemas[name], {
		io: "input",
		unrepresentable: "any",
		reused: "inline",
		override: ({ zodSchema, jsonSchema: part }) => {
			refuseKeys(zodSchema, part as JsonSchema);
			if (part.maximum === Number.MAX_SAFE_INTEGER) delete part.maximum;
		},
	}) as JsonSchema;
	const { $schema, ...rest } = made;
	return {
		$schema,
		$id: `urn:davit:schema:${name}`,
		title: TITLES[name],
		$defs: { variable: VARIABLE },
		...withVariables(rest, true),
	};
}

function refuseKeys(zodSchema: z.core.$ZodType, part: JsonSchema): void {
	const { notYet, notHere } = notesOf(zodSchema);
	if (!part.properties) return;
	for (const [key, instead] of Object.entries(notYet))
		part.properties[key] = { not: {}, deprecated: true, description: `davit doesn't do this yet: ${instead}` };
	for (const [key, instead] of Object.entries(notHere))
		part.properties[key] = { not: {}, deprecated: true, description: `It doesn't belong here: ${instead}` };
}

/** Wherever a value is wanted that is no text, a variable may stand. */
function withVariables(schema: JsonSchema, isRoot = false): JsonSchema {
	const { properties, items, anyOf, additionalProperties, ...own } = schema;
	const inner: JsonSchema = {
		...own,
		...(anyOf ? { anyOf: anyOf.map((part) => withVariables(part, true)) } : {}),
		...(properties
			? { properties: Object.fromEntries(Object.entries(properties).map(([key, part]) => [key, withVariables(part)])) }
			: {}),
		...(items ? { items: withVariables(items) } : {}),
		...(additionalProperties === undefined
			? {}
			: { additionalProperties: additionalProperties && withVariables(additionalProperties) }),
	};
	if (isRoot || takesText(schema)) return inner;
	const { description, ...rest } = inner;
	const alternatives = rest.anyOf && Object.keys(rest).length === 1 ? rest.anyOf : [rest];
	return {
		...(description === undefined ? {} : { description }),
		anyOf: [...alternatives, { $ref: "#/$defs/variable" }],
	};
}

/** True if a variable's text fits already, or nothing does. */
function takesText({ type, anyOf, not, pattern, enum: values, ...rest }: JsonSchema): boolean {
	if (not) return true;
	if (anyOf) return anyOf.some(takesText);
	if (type === undefined && values === undefined) return Object.keys(rest).every((key) => key === "description");
	return type === "string" && pattern === undefined && values === undefined;
}

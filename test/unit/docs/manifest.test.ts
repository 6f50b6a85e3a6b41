import { join } from "node:path";
import { expect, test } from "vitest";
import { type JsonSchema, jsonSchema, type SchemaName } from "../../../src/manifest/json-schema.ts";

const document = join(import.meta.dirname, "../../../docs/manifest.md");

test("docs/manifest.md shows what the schema takes", async () => {
	const parts = (
		[
			["deployment", "Deployment manifest"],
			["cloud", "Cloud file"],
			["runtime", "Runtime config"],
			["resurrection", "Resurrection config"],
		] as const
	).map(([name, title]) => chapter(name, title));
	const head = `# Manifests

<!-- Written from the schema by test/unit/docs/manifest.test.ts (vitest -u). Don't edit. -->

Every key that davit reads, from the schema that validates them; \`davit schema\` prints it for editors. A key in bold is required. Wherever
another value than a text is wanted, \`((a variable))\` may stand.
`;
	await expect(`${head}\n${parts.join("\n")}`).toMatchFileSnapshot(document);
});

function chapter(name: SchemaName, title: string): string {
	const sections = sectionsOf(jsonSchema(name), "").map(
		({ path, rows }) => `${path === "" ? "" : `### ${path}\n\n`}${table(rows)}`,
	);
	return `## ${title}\n\n${sections.join("\n")}`;
}

interface Section {
	readonly path: string;
	readonly rows: readonly (readonly string[])[];
}

/** A map's keys, then those of the maps in it. What stood in an earlier section is not told again. */
function sectionsOf(schema: JsonSchema, path: string): readonly Section[] {
	const { properties = {}, required } = schema as JsonSchema & { required?: readonly string[] };
	const rows = Object.entries(properties).map(([key, part]) => [
		required?.includes(key) ? `**${key}**` : `\`${key}\``,
		part.deprecated ? "" : typeOf(part),
		(part.description ?? "").replaceAll("|", "\\|"),
	]);
	const inner = Object.entries(properties).flatMap(([key, part]) =>
		mapsIn(part, `${path === "" ? "" : `${path}.`}${key}`).flatMap(([found, at]) => sectionsOf(found, at)),
	);
	return rows.length > 0 ? [{ path, rows }, ...inner] : inner;
}

/** The maps with keys of their own that a value may be, each with its path: `jobs[]`, `consumes.NAME`. */
function mapsIn(part: JsonSchema, path: string): readonly (readonly [JsonSchema, string])[] {
	if (part.properties) return [[part, path]];
	if (part.anyOf) return uniquePaths(part.anyOf.flatMap((each) => mapsIn(each, path)));
	if (part.items) return mapsIn(part.items, `${path}[]`);
	return part.additionalProperties ? mapsIn(part.additionalProperties, `${path}.NAME`) : [];
}

/** A map or a list of the same maps is told once. */
function uniquePaths(found: readonly (readonly [JsonSchema, string])[]): readonly (readonly [JsonSchema, string])[] {
	const texts = found.map(([schema]) => JSON.stringify(schema));
	return found.filter((_, index) => texts.indexOf(texts[index] ?? "") === index);
}

function typeOf(part: JsonSchema): string {
	const { enum: values, const: only } = part as { enum?: readonly unknown[]; const?: unknown };
	if (values) return values.map((value) => `\`${value}\``).join(", ");
	if (only !== undefined) return `\`${only}\``;
	if (part.anyOf) {
		const kinds = part.anyOf.filter((each) => each.$ref === undefined && each.type !== "null");
		// BOSH takes a number where a text is wanted; that is no type of its own.
		const told = kinds.some(({ minLength }) => minLength === 1) ? kinds.filter(({ type }) => type !== "number") : kinds;
		return [...new Set(told.flatMap((kind) => typeOf(kind).split(" or ")))].join(" or ");
	}
	if (part.type === "array") return part.items ? `list of ${plural(typeOf(part.items))}` : "list";
	const [type = ""] = [part.type ?? ""].flat().filter((each) => each !== "null");
	return KINDS[type] ?? "any";
}

function plural(kind: string): string {
	return kind.replaceAll(/\b(text|map|number)\b/g, "$1s");
}

const KINDS: Readonly<Record<string, string>> = {
	string: "text",
	integer: "number",
	number: "number",
	boolean: "`true`, `false`",
	object: "map",
};

function table(rows: readonly (readonly string[])[]): string {
	const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
	return `${[line(["key", "value", "what it does"]), line(["---", "---", "---"]), ...rows.map(line)].join("\n")}\n`;
}

import { z } from "zod";
import { listed, nearest } from "./nearest.ts";
import { nodeAt, pathOf } from "./path.ts";
import type { Report } from "./report.ts";
import { notesOf } from "./section.ts";

/**
 * Reads a file's data by its schema. Undefined if anything is wrong; every unknown key, missing key and wrong type is then in
 * the report, with its place and what to do.
 */
export function readBySchema<Schema extends z.ZodType>(schema: Schema, report: Report): z.output<Schema> | undefined {
	const result = schema.safeParse(report.source.value);
	if (result.success) return result.data;
	const misspelt = misspeltKeys(result.error.issues, schema);
	for (const issue of result.error.issues) if (!misspelt.has(pathOf(issue.path))) reportIssue(issue, schema, report);
	if (!report.problems.some(({ severity }) => severity === "error")) {
		report.error(
			"wrong-type",
			"",
			"a variable stands where davit needs its value now",
			"give it with -v or in a vars file (-l)",
		);
	}
	return undefined;
}

function reportIssue(issue: z.core.$ZodIssue, schema: z.ZodType, report: Report): void {
	if (issue.code === "unrecognized_keys") {
		for (const key of issue.keys) reportKey(key, issue.path, schema, report);
		return;
	}
	const path = pathOf(issue.path);
	const value = valueAt(report.source.value, issue.path);
	const inside = issue.code === "invalid_union" && typeof value === "object" ? issuesInside(issue) : undefined;
	if (inside) {
		for (const inner of inside) reportIssue(inner, schema, report);
		return;
	}
	const key = String(issue.path.at(-1) ?? "");
	if (value === undefined) {
		const message = `${where(issue.path.slice(0, -1), report)} lacks the key "${key}"`;
		report.error("missing-key", path, message, `add ${key}: ${exampleOf(issue)}`);
		return;
	}
	// A variable without a value is told by itself; that its reference is a text is no news.
	if (typeof value === "string" && value.includes("((")) return;
	const name = issue.path.length === 0 ? where([], report) : `${key} of ${where(issue.path.slice(0, -1), report)}`;
	report.error(
		"wrong-type",
		path,
		`${name} must be ${expected(issue)}, but is ${kindOf(value, issue)}`,
		hintFor(issue, value, path, report),
	);
}

/** Of several forms that a value may have, the map: its problems, if it is one. */
function issuesInside(issue: z.core.$ZodIssueInvalidUnion): readonly z.core.$ZodIssue[] | undefined {
	const branch = issue.errors.find((issues) =>
		issues.every(({ code, path }) => path.length > 0 || code === "unrecognized_keys"),
	);
	return branch?.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
}

function reportKey(key: string, path: readonly PropertyKey[], schema: z.ZodType, report: Report): void {
	const object = sectionAt(schema, path);
	const { notYet, notHere } = notesOf(object ?? {});
	const at = pathOf([...path, key]);
	if (Object.hasOwn(notYet, key)) {
		report.error("not-yet", at, `davit doesn't do "${key}" yet (in ${where(path, report)})`, notYet[key] ?? "");
		return;
	}
	if (Object.hasOwn(notHere, key)) {
		report.error("not-here", at, `"${key}" doesn't belong in ${where(path, report)}`, notHere[key] ?? "");
		return;
	}
	const guess = nearest(key, keysAt(schema, path));
	const known = object ? Object.keys(object.def.shape) : [];
	const hint = guess === undefined ? `the keys here are ${listed(known)}` : `did you mean "${guess}"?`;
	report.error("unknown-key", at, `unknown key "${key}" in ${where(path, report)}`, hint);
}

/** The keys that may stand there, those of BOSH's that davit refuses by name among them. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
	const object = sectionAt(schema, path);
	if (!object) return [];
	const { notYet, notHere } = notesOf(object);
	return [object.def.shape, notYet, notHere].flatMap(Object.keys);
}

/** Where keys would stand that are there by another spelling: that they are missing is told by the wrong one. */
function misspeltKeys(issues: readonly z.core.$ZodIssue[], schema: z.ZodType): ReadonlySet<string> {
	const meant = issues.flatMap((issue) => {
		if (issue.code !== "unrecognized_keys") return [];
		const known = keysAt(schema, issue.path);
		return issue.keys.flatMap((key) => {
			const guess = nearest(key, known);
			return guess === undefined ? [] : [pathOf([...issue.path, guess])];
		});
	});
	return new Set(meant);
}

/** The section that a path leads to, through optional, transformed and listed schemas. */
function sectionAt(schema: z.ZodType, path: readonly PropertyKey[]): z.ZodObject | undefined {
	const found = path.reduce<z.ZodType | undefined>((current, part) => {
		const inner = current && unwrap(current);
		if (inner instanceof z.ZodObject) return inner.def.shape[String(part)] as z.ZodType | undefined;
		if (inner instanceof z.ZodArray) return inner.def.element as z.ZodType;
		return inner instanceof z.ZodRecord ? (inner.def.valueType as z.ZodType) : undefined;
	}, schema);
	const inner = found && unwrap(found);
	return inner instanceof z.ZodObject ? inner : undefined;
}

function unwrap(schema: z.ZodType): z.ZodType {
	if (schema instanceof z.ZodPipe) return unwrap(schema.def.in as z.ZodType);
	if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault) {
		return unwrap(schema.def.innerType as z.ZodType);
	}
	if (schema instanceof z.ZodUnion) {
		const options = (schema.def.options as z.ZodType[]).map(unwrap);
		return options.find((option) => option instanceof z.ZodObject) ?? schema;
	}
	return schema;
}

/** A part of the file as people call it: by its path, and the name of the nearest thing that has one. */
function where(path: readonly PropertyKey[], report: Report): string {
	if (path.length === 0) return "the file";
	for (let length = path.length; length > 0; length -= 1) {
		const value = valueAt(report.source.value, path.slice(0, length));
		const name = typeof value === "object" && value !== null ? (value as { name?: unknown }).name : undefined;
		if (typeof name === "string") return `${pathOf(path)} ("${name}")`;
	}
	return pathOf(path);
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
	return path.reduce<unknown>((current, part) => {
		if (typeof current !== "object" || current === null || !Object.hasOwn(current, part)) return undefined;
		return (current as Record<PropertyKey, unknown>)[part];
	}, value);
}

const KINDS: Readonly<Record<string, string>> = {
	string: "a text",
	number: "a whole number",
	int: "a whole number",
	boolean: "true or false",
	array: "a list",
	object: "a map",
	record: "a map",
};

function expected(issue: z.core.$ZodIssue): string {
	if (issue.code === "invalid_type") return KINDS[issue.expected] ?? issue.expected;
	if (issue.code === "invalid_value") return `one of ${listed(issue.values.map(String))}`;
	if (issue.code === "too_small")
		return issue.origin === "string" ? "a text that is not empty" : `${issue.minimum} or more`;
	if (issue.code === "too_big") return `${issue.maximum} or less`;
	return issue.message;
}

function exampleOf(issue: z.core.$ZodIssue): string {
	return `(${expected(issue)})`;
}

/** A text is another one where some texts would do. */
function kindOf(value: unknown, issue?: z.core.$ZodIssue): string {
	if (value === null) return "null";
	if (Array.isArray(value)) return "a list";
	if (typeof value === "object") return "a map";
	if (typeof value === "number") return `the number ${value}`;
	if (typeof value === "boolean") return String(value);
	if (value === "") return "an empty text";
	return issue?.code === "invalid_type" ? "a text" : "another text";
}

function hintFor(issue: z.core.$ZodIssue, value: unknown, path: string, report: Report): string {
	const node = nodeAt(report.source.node, path);
	if (expected(issue) === "a text" && node?.kind === "scalar" && node.source !== undefined && node.value !== null) {
		return `YAML reads ${node.source} as ${kindOf(value)}: put it in quotes, "${node.source}"`;
	}
	if (issue.code === "invalid_value" && typeof value === "string") {
		const guess = nearest(value, issue.values.map(String));
		if (guess !== undefined) return `did you mean "${guess}"?`;
	}
	if (issue.code === "invalid_type" && issue.expected === "array" && typeof value === "string")
		return `write it as a list: [${value}]`;
	const inQuotes = typeof value === "string" && /^\d+$/.test(value) && KINDS.number === expected(issue);
	return `give it ${expected(issue)}${inQuotes ? ", without quotes" : ""}`;
}

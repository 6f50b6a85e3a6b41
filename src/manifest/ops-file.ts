import { type Place, type Problem, problem } from "../errors.ts";
import { nearest } from "./nearest.ts";
import { describeNode, entryOf, type Node } from "./node.ts";
import { PointerError, parsePointer, type Token } from "./pointer.ts";

/** One operation of an ops file (github.com/cppforlife/go-patch). */
export interface Operation {
	readonly type: "replace" | "remove" | "test";
	readonly path: readonly Token[];
	readonly pathText: string;
	/** Absent for remove, and for a test of absence. */
	readonly value?: Node;
	readonly absent: boolean;
	readonly index: number;
	readonly place: Place;
}

/** Reads the operations of an ops file; every one that is wrong is a problem. An empty file has none. */
export function readOperations(node: Node): {
	readonly operations: readonly Operation[];
	readonly problems: readonly Problem[];
} {
	if (node.kind === "scalar" && node.value === null) return { operations: [], problems: [] };
	if (node.kind !== "list") {
		const message = `an ops file is a list of operations, but this is ${describeNode(node)}`;
		const hint = "begin each operation with - type: replace (or remove), and give variables with -l, not -o";
		return { operations: [], problems: [problem("ops-file", message, { place: node.place, hint })] };
	}
	const read = node.items.map((item, index) => readOperation(item, index));
	return {
		operations: read.filter((result): result is Operation => !("severity" in result)),
		problems: read.filter((result): result is Problem => "severity" in result),
	};
}

function readOperation(node: Node, index: number): Operation | Problem {
	const wrong = (message: string, place: Place, hint: string) =>
		problem("ops-file", `operation ${index}: ${message}`, { place, hint });
	if (node.kind !== "map")
		return wrong(`a map was expected, not ${describeNode(node)}`, node.place, "give it type and path");
	const type = textOf(entryOf(node, "type")?.value);
	if (type !== "replace" && type !== "remove" && type !== "test") {
		const guess = nearest(type ?? "", ["replace", "remove", "test"]);
		const message = type === undefined ? "type is missing" : `unknown type "${type}"`;
		return wrong(
			message,
			placeOf(node, "type"),
			guess ? `did you mean "${guess}"?` : "type is replace, remove or test",
		);
	}
	const pathText = textOf(entryOf(node, "path")?.value);
	const place = placeOf(node, "path");
	if (pathText === undefined)
		return wrong("path is missing", place, "give it a path such as /instance_groups/name=web/vm_type");
	const value = givenValue(node);
	const absent = absentOf(node);
	const fault = faultOf(type, value, absent);
	if (fault) return wrong(fault.message, place, fault.hint);
	try {
		const rest = { pathText, absent: absent ?? false, index, place };
		return { type, path: parsePointer(pathText), ...rest, ...(value ? { value } : {}) };
	} catch (error) {
		if (error instanceof PointerError) return wrong(`path "${pathText}": ${error.message}`, place, error.hint);
		throw error;
	}
}

/** A null counts as no value, as in go-patch. */
function givenValue(node: Node): Node | undefined {
	const value = entryOf(node, "value")?.value;
	return value?.kind === "scalar" && value.value === null ? undefined : value;
}

function absentOf(node: Node): boolean | undefined {
	const absent = entryOf(node, "absent")?.value;
	return absent?.kind === "scalar" && typeof absent.value === "boolean" ? absent.value : undefined;
}

function faultOf(
	type: Operation["type"],
	value: Node | undefined,
	absent: boolean | undefined,
): { readonly message: string; readonly hint: string } | undefined {
	if (type === "replace" && !value)
		return { message: "value is missing (or null)", hint: "give the value, or use type: remove" };
	if (type === "remove" && value)
		return { message: "remove takes no value", hint: "drop the value, or use type: replace" };
	if (type === "test" && !value && absent === undefined) {
		return { message: "test needs a value, or absent: true", hint: "say what must stand at the path" };
	}
	return undefined;
}

function placeOf(node: Node, key: string): Place {
	return entryOf(node, key)?.value.place ?? node.place;
}

function textOf(node: Node | undefined): string | undefined {
	if (node?.kind !== "scalar" || node.value === null) return undefined;
	return typeof node.value === "string" ? node.value : node.source;
}

import type { Operator } from "./monit-checks.ts";
import type { Reader } from "./monit-reader.ts";

const OPERATORS: Readonly<Record<string, Operator>> = {
	">": ">",
	greater: ">",
	gt: ">",
	"<": "<",
	less: "<",
	lt: "<",
	"=": "==",
	"==": "==",
	equal: "==",
	eq: "==",
	"!=": "!=",
	notequal: "!=",
	ne: "!=",
	">=": ">=",
	"<=": "<=",
};

/** monit takes a missing operator as equality. */
export function operatorOf(reader: Reader): Operator {
	const word = reader.accept(...Object.keys(OPERATORS));
	return (word && OPERATORS[word]) || "==";
}

const UNITS: Readonly<Record<string, number>> = {
	b: 1,
	byte: 1,
	bytes: 1,
	k: 1024,
	kb: 1024,
	kilobyte: 1024,
	m: 1024 ** 2,
	mb: 1024 ** 2,
	megabyte: 1024 ** 2,
	g: 1024 ** 3,
	gb: 1024 ** 3,
	gigabyte: 1024 ** 3,
};

/** Bytes in the unit that follows; none is bytes, as in monit. */
export function unitOf(reader: Reader): number {
	return UNITS[reader.accept(...Object.keys(UNITS)) ?? "b"] ?? 1;
}
